#include "conversion.h"

#include <algorithm>

#include "base/fail.h"
#include "format/text.h"
#include "interrupt.h"
#include "listed_names.h"
#include "progress.h"

namespace windrow::tools {

namespace {

// Columns that the source does not have.
Result<void> check_columns(const PassageOptions& options, size_t dim) {
  if (!options.columns || options.columns->end <= dim) return {};
  return fail(ErrorCode::kOutOfRange, "columns ", options.columns->begin, ":", options.columns->end,
              " were asked for, and rows have ", dim);
}

size_t dim_behind(const PassageOptions& options, size_t dim) {
  return options.columns ? options.columns->end - options.columns->begin : dim;
}

// What happens between opening a source and closing a target.
class Conversion {
 public:
  Conversion(const VectorSource& source, const VectorTarget* target, const ConversionOptions& options)
      : source_(source), target_(target), options_(options) {}

  Result<ConversionReport> run() {
    auto reader = open_rows(*source_.format, source_.source);
    if (!reader) return pass(reader);
    reader_ = std::move(*reader);
    if (auto checked = check_columns(options_.passage, reader_->header().dim); !checked)
      return tl::make_unexpected(in_source(checked.error()));
    start_report();

    const Interrupt interrupt;  // from before there is something to remove
    if (target_) {
      if (auto created = create_writer(); !created) return pass(created);
    }
    if (numbers_rows() && reader_->header().has_token_list) {
      auto names = ListedNames::read(*reader_);
      if (!names) return pass(names);
      names_.emplace(std::move(*names));
    }
    PassageOptions how = options_.passage;
    how.duplicates = duplicates();
    how.number_rows = numbers_rows();
    Passage passage(how);
    if (auto moved = move_rows(passage, interrupt); !moved) return pass(moved);
    if (auto moved = move_tokens(passage, interrupt); !moved) return pass(moved);
    report_.rows = passage.findings();
    report_.duplicates = duplicates();
    if (writer_) {
      if (auto finished = writer_->finish(); !finished) return pass(finished);
    }
    finish_report();
    return std::move(report_);
  }

 private:
  bool drops_tokens() const {
    return target_ && target_->format->tokens == Tokens::kNone &&
           (reader_->header().has_tokens || reader_->header().has_token_list);
  }
  // Where a row must have a token, one that has none is named by its number.
  bool numbers_rows() const { return target_ && target_->format->tokens == Tokens::kRequired; }

  // Where a row is its token, one more of the same is left out; elsewhere its number carries meaning.
  Duplicates duplicates() const {
    return options_.duplicates.value_or(source_.format->rows_by_token ? Duplicates::kKeepFirst
                                                                      : Duplicates::kKeepAll);
  }

  // Whether --limit leaves out rows of n-grams, which are the last of a source.
  bool cuts_ngrams() const {
    const SourceHeader& source = reader_->header();
    return source.subwords && options_.limit < source.rows.value_or(0);
  }

  // A row that is left out moves those of n-grams, and their numbers are in the hashes of words.
  Result<void> check_ngrams_stay(const PassageFindings& findings) const {
    if (duplicates() != Duplicates::kKeepFirst || findings.duplicates.count == 0 || cuts_ngrams()) return {};
    if (!target_ || !target_->format->is_table || !reader_->header().subwords) return {};
    return fail(ErrorCode::kInvalidArgument, source_.source.path(), ": the token ",
                in_quotes(findings.first_duplicate),
                " occurs again, and without its second row those of n-grams ",
                "would move; --words-only leaves n-grams out, or let all rows be kept");
  }

  Error in_source(const Error& error) const {
    return {error.code, concat(source_.source.path(), ": ", error.message)};
  }

  void start_report() {
    report_.from = source_.format->name;
    if (target_) report_.to = target_->format->name;
    report_.source = reader_->header();
    report_.dim = dim_behind(options_.passage, report_.source.dim);
  }

  Result<void> create_writer() {
    const auto dim = static_cast<int64_t>(report_.dim);
    if (target_->format->is_table) {
      const auto fits = options_.row_format.check(dim);
      if (!fits) return tl::make_unexpected(in_source(fits.error()));
    }
    WriterSpec spec;
    spec.dim = report_.dim;
    const SourceHeader& source = reader_->header();
    spec.max_rows = std::min(options_.limit, source.rows.value_or(source.most_rows.value_or(options_.limit)));
    spec.exact = source.rows.has_value() && duplicates() == Duplicates::kKeepAll && !source_.source.lenient;
    spec.row_format = options_.row_format.of(dim);
    spec.optimizer = options_.optimizer;
    spec.state = options_.state;
    spec.step_count = options_.step_count;
    spec.options = options_.writer;
    if (target_->format->is_table) {
      report_.row_format = spec.row_format;
      if (spec.row_format.kind != RowFormat::Kind::kF32) report_.format_error.emplace(spec.row_format);
      // Cut columns are still rows of their words.
      if (!cuts_ngrams()) {
        spec.subwords = source.subwords;
        spec.kept_buckets = source.kept_buckets;
      }
      if (spec.subwords && options_.passage.normalize) {
        return fail(
            ErrorCode::kInvalidArgument, source_.source.path(),
            ": --normalize would change words: their vectors are means of rows, those of n-grams among "
            "them; --words-only makes rows of whole words, which can be normalised");
      }
    }
    auto writer = target_->format->create(target_->path, spec);
    if (!writer) return pass(writer);
    writer_ = std::move(*writer);
    return {};
  }

  Result<void> interrupted() const {
    return fail(ErrorCode::kIo, "interrupted", target_ ? concat("; ", target_->path, " is untouched") : "");
  }

  Result<void> move_rows(Passage& passage, const Interrupt& interrupt) {
    Progress progress(target_ ? "converting" : "reading",
                      std::min(options_.limit, reader_->header().rows.value_or(0)), "rows");
    RowBlock block;
    while (passage.findings().rows_read < options_.limit) {
      if (auto read = reader_->next(block); !read) return read;
      if (block.rows == 0) break;
      block.cut(
          static_cast<size_t>(std::min<uint64_t>(block.rows, options_.limit - passage.findings().rows_read)));
      if (names_) names_->name(block, passage.findings().rows_read);
      report_.tokens += names_ ? 0 : block.tokens.size();
      if (auto passed = passage(block); !passed) return tl::make_unexpected(in_source(passed.error()));
      if (auto checked = check_ngrams_stay(passage.findings()); !checked) return checked;
      if (block.rows > 0) {  // not all of them duplicates
        if (auto written = write(block); !written) return written;
      }
      progress.at(passage.findings().rows_read);
      if (interrupt.asked()) return interrupted();
    }
    return {};
  }

  Result<void> write(RowBlock& block) {
    if (!writer_) return {};
    if (target_->format->tokens == Tokens::kNone) block.tokens.clear();
    if (auto written = writer_->write(block); !written) return written;
    if (report_.format_error) report_.format_error->add(block);
    return {};
  }

  // Tokens that come by themselves. Of a part of the rows, those that are named by a token behind it are left out.
  Result<void> move_tokens(Passage& passage, const Interrupt& interrupt) {
    if (names_) report_.tokens = names_->tokens();
    if (!reader_->header().has_token_list || names_) return {};
    TokenBlock block;
    while (true) {
      if (auto read = reader_->next_tokens(block); !read) return read;
      if (block.tokens.size() == 0) return {};
      report_.tokens += block.tokens.size();
      if (auto passed = passage(block); !passed) return tl::make_unexpected(in_source(passed.error()));
      if (writer_ && target_->format->is_table) {
        keep_tokens_of_rows(block, passage.findings().rows_written);
        if (auto written = writer_->write_tokens(block); !written) return written;
      }
      if (interrupt.asked()) return interrupted();
    }
  }

  static void keep_tokens_of_rows(TokenBlock& block, uint64_t rows) {
    if (block.rows.empty()) return;
    TokenBlock kept;
    for (size_t t = 0; t < block.tokens.size(); ++t) {
      if (static_cast<uint64_t>(block.rows[t]) >= rows) continue;
      kept.tokens.add(block.tokens[t]);
      kept.rows.push_back(block.rows[t]);
      if (!block.weights.empty()) kept.weights.push_back(block.weights[t]);
    }
    block = std::move(kept);
  }

  void finish_report() {
    report_.reader = reader_->findings();
    report_.remarks = report_.reader.remarks;
    if (writer_) {
      report_.rows.rows_written -= writer_->left_out();
      for (std::string& text : writer_->remarks()) report_.remarks.push_back(std::move(text));
    }
    if (names_) {
      for (std::string& text : names_->remarks()) report_.remarks.push_back(std::move(text));
    }
    const auto remark = [&](std::string text) { report_.remarks.push_back(std::move(text)); };
    if (target_ && target_->format->is_table && cuts_ngrams())
      remark("the rows of n-grams were left behind: words have their own rows alone, and unknown words none");
    if (drops_tokens()) remark(concat("the tokens were left behind: ", report_.to, " holds values only"));
    if (numbers_rows() && report_.tokens < report_.rows.rows_read) {
      remark(report_.tokens == 0 ? "the source has no tokens: rows are named by their numbers, from 0"
                                 : "rows without a token are named by their numbers, from 0");
    }
  }

  const VectorSource& source_;
  const VectorTarget* target_;
  const ConversionOptions& options_;
  std::unique_ptr<RowReader> reader_;
  std::unique_ptr<RowWriter> writer_;
  std::optional<ListedNames> names_;
  ConversionReport report_;
};

}  // namespace

Result<ConversionReport> convert(const VectorSource& source, const VectorTarget& target,
                                 const ConversionOptions& options) {
  return Conversion(source, &target, options).run();
}

Result<ConversionReport> read_through(const VectorSource& source, const ConversionOptions& options) {
  return Conversion(source, nullptr, options).run();
}

}  // namespace windrow::tools
