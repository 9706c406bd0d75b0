#include <windrow/embed.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "base/fail.h"
#include "format/text.h"
#include "formats/formats.h"
#include "formats/numbers.h"
#include "interrupt.h"
#include "number_checks.h"
#include "output.h"
#include "progress.h"
#include "table_options.h"
#include "target_file.h"
#include "text_lines.h"
#include "verb.h"

namespace windrow::tools {

namespace {

struct EmbedVerbOptions {
  TableOptions table;
  std::string input;
  std::string output;
  std::string recipe = "mean";
  std::string unknown;
  std::optional<int64_t> unknown_row;
  bool normalize = false;
  bool ids = false;
  int threads = 0;
};

EmbedOptions to_options(const EmbedVerbOptions& verb) {
  EmbedOptions options;
  if (verb.recipe == "model2vec") options.recipe = Recipe::kModel2vec;
  if (verb.recipe == "fasttext") options.recipe = Recipe::kFasttext;
  options.normalize = verb.normalize;
  options.threads = verb.threads;
  if (verb.unknown == "error") options.tokens.unknown = UnknownTokens::kError;
  if (verb.unknown == "subwords") options.tokens.unknown = UnknownTokens::kSubwords;
  if (verb.unknown_row) options.tokens = {UnknownTokens::kRow, *verb.unknown_row};
  if (verb.unknown_row && !verb.unknown.empty())
    throw WrongUsage{"--unknown and --unknown-row both say what unknown tokens are: leave one out"};
  if (verb.unknown_row && verb.recipe == "fasttext")
    throw WrongUsage{"--unknown-row: the fasttext recipe makes vectors of unknown words from their n-grams"};
  if (verb.unknown == "subwords" && verb.recipe == "model2vec")
    throw WrongUsage{"--unknown subwords: the model2vec recipe leaves unknown tokens out"};
  return options;
}

// Vectors as lines of text, or as rows of a .npy file.
class Output {
 public:
  static Result<Output> create(const EmbedVerbOptions& verb, size_t dim) {
    Output output;
    if (verb.output.empty()) return output;
    std::vector<std::string> sources = verb.table.files();
    sources.push_back(verb.input);
    if (auto target = check_target(verb.output, sources); !target) return pass(target);
    WriterSpec spec;
    spec.dim = dim;
    spec.max_rows = std::numeric_limits<int64_t>::max();
    auto writer = kNpy.create(verb.output, spec);
    if (!writer) return pass(writer);
    output.npy_ = std::move(*writer);
    return output;
  }

  Result<void> write(const RowBlock& block) {
    if (npy_) return npy_->write(block);
    std::string text;
    for (size_t i = 0; i < block.rows; ++i) {
      for (size_t c = 0; c < block.dim; ++c) {
        if (c > 0) text += ' ';
        append_float(text, block.row(i)[c]);
      }
      text += '\n';
    }
    print(text);
    flush_output();  // a line that came down a pipe is answered before the next
    return {};
  }
  Result<void> finish() { return npy_ ? npy_->finish() : Result<void>(); }

 private:
  std::unique_ptr<RowWriter> npy_;
};

struct Texts {
  std::vector<std::string_view> tokens;
  std::vector<int64_t> ids;
  std::vector<int64_t> offsets;
};

Result<void> split(std::span<const std::string_view> lines, bool ids, uint64_t first_line, Texts& texts) {
  texts.tokens.clear();
  texts.offsets.assign(1, 0);
  for (const std::string_view line : lines) {
    split_at_spaces(line, texts.tokens);
    texts.offsets.push_back(static_cast<int64_t>(texts.tokens.size()));
  }
  if (!ids) return {};
  texts.ids.clear();
  size_t line = 0;
  for (size_t i = 0; i < texts.tokens.size(); ++i) {
    while (static_cast<int64_t>(i) >= texts.offsets[line + 1]) ++line;
    const auto id = parse_integer(texts.tokens[i]);
    if (!id) {
      return fail(ErrorCode::kInvalidArgument, "line ", first_line + line, ": ", in_quotes(texts.tokens[i]),
                  " is no id; --ids takes whole numbers");
    }
    texts.ids.push_back(*id);
  }
  return {};
}

Result<EmbedReport> embed_texts(const Table& table, const Texts& texts, bool ids, RowsOut out,
                                const EmbedOptions& options) {
  if (!ids) {
    TokenBags bags;
    bags.tokens = texts.tokens;
    bags.offsets = std::span<const int64_t>(texts.offsets);
    return embed(table, bags, out, options);
  }
  Bags bags;
  bags.ids = std::span<const int64_t>(texts.ids);
  bags.offsets = std::span<const int64_t>(texts.offsets);
  return embed(table, bags, out, options);
}

// Whether the table has what the options go by.
Result<void> check_table(const EmbedVerbOptions& verb, const Table& table) {
  const auto wrong = [&](ErrorCode code, const auto&... parts) {
    return fail(code, verb.table.path, ": ", parts...);
  };
  if (verb.unknown_row && *verb.unknown_row >= table.rows())
    return wrong(ErrorCode::kOutOfRange, "--unknown-row ", *verb.unknown_row, ": the table has ",
                 table.rows(), " rows");
  if (table.vocabulary().size() > 0) return {};
  const bool by_words = verb.recipe == "fasttext" || verb.unknown == "subwords";
  if (by_words && verb.ids)
    return wrong(ErrorCode::kInvalidArgument,
                 "the table has no vocabulary: --ids are its rows, and rows are no words");
  if (verb.ids || (by_words && table.subwords())) return {};
  if (table.subwords()) {
    return wrong(
        ErrorCode::kInvalidArgument,
        "the table has rows of n-grams only: --unknown subwords, or --recipe fasttext, make words of them");
  }
  return wrong(ErrorCode::kInvalidArgument,
               "the table has no vocabulary to find tokens in: --ids takes lines of row numbers, and "
               "`windrow convert` makes a table with the tokens of a GGUF file or of a static embedding");
}

// Lines on their way to vectors.
class LineEmbedder {
 public:
  LineEmbedder(const EmbedVerbOptions& verb, const Table& table, std::string input, Output output)
      : options_(to_options(verb)),
        ids_(verb.ids),
        table_(table),
        dim_(static_cast<size_t>(table.dim())),
        input_(std::move(input)),
        output_(std::move(output)) {}

  // A few at a time, since many short lines are little text and many values.
  Result<void> add(std::span<const std::string_view> lines) {
    const size_t at_once = rows_per_block(dim_);
    for (size_t begin = 0; begin < lines.size(); begin += at_once) {
      if (auto added = add_block(lines.subspan(begin, std::min(at_once, lines.size() - begin))); !added)
        return added;
    }
    return {};
  }
  Result<void> finish() { return output_.finish(); }

  uint64_t lines() const { return lines_; }
  const EmbedReport& total() const { return total_; }

 private:
  Result<void> add_block(std::span<const std::string_view> lines) {
    if (auto parsed = split(lines, ids_, lines_ + 1, texts_); !parsed) return parsed;
    block_.clear(dim_);
    block_.rows = lines.size();
    block_.values.resize(block_.rows * dim_);
    const auto report = embed_texts(table_, texts_, ids_, RowsOut(block_.values, dim_), options_);
    if (!report) return lines.size() > 1 ? add_one_by_one(lines) : in_line(report.error());
    total_.used_tokens += report->used_tokens;
    total_.unknown_tokens += report->unknown_tokens;
    total_.empty_texts += report->empty_texts;
    lines_ += lines.size();
    return output_.write(block_);
  }

  // So that those before one that cannot be done are, and the message tells which it is.
  Result<void> add_one_by_one(std::span<const std::string_view> lines) {
    for (size_t i = 0; i < lines.size(); ++i) {
      if (auto added = add_block(lines.subspan(i, 1)); !added) return added;
    }
    return {};
  }

  tl::unexpected<Error> in_line(const Error& error) const {
    return fail(error.code, input_, ", line ", lines_ + 1, ": ", error.message);
  }

  EmbedOptions options_;
  bool ids_;
  const Table& table_;
  size_t dim_;
  std::string input_;
  Output output_;
  Texts texts_;
  RowBlock block_;
  EmbedReport total_;
  uint64_t lines_ = 0;
};

Result<int> run(const EmbedVerbOptions& verb) {
  (void)to_options(verb);  // wrong usage comes before a file that cannot be opened
  const auto table = verb.table.open();
  if (!table) return tl::make_unexpected(table.error());
  if (auto checked = check_table(verb, *table); !checked) return pass(checked);
  const Interrupt interrupt;
  auto source = TextLines::open(verb.input, &interrupt);
  if (!source) return pass(source);
  auto output = Output::create(verb, static_cast<size_t>(table->dim()));
  if (!output) return pass(output);

  LineEmbedder embedder(verb, *table, source->name(), std::move(*output));
  std::vector<std::string_view> lines;
  Progress progress("embedding", 0, "lines");
  while (!output_is_closed()) {
    if (auto read = source->next(lines); !read) return pass(read);
    if (lines.empty()) break;
    if (auto added = embedder.add(lines); !added) return pass(added);
    progress.at(embedder.lines());
    if (interrupt.asked()) return fail(ErrorCode::kIo, "interrupted after ", embedder.lines(), " lines");
  }
  if (auto finished = embedder.finish(); !finished) return pass(finished);
  if (!verb.output.empty()) {
    const EmbedReport& total = embedder.total();
    print_line(verb.output, ": ", embedder.lines(), " lines x ", table->dim(), ", ", total.used_tokens,
               " tokens used, ", total.unknown_tokens, " unknown, ", total.empty_texts, " lines without any");
  }
  return 0;
}

}  // namespace

Verb embed_verb(CLI::App& command) {
  auto options = std::make_shared<EmbedVerbOptions>();
  CLI::App* verb = command.add_subcommand("embed", "Turn lines of tokens into vectors, one per line");
  add_table_options(*verb, options->table);
  verb->add_option("INPUT", options->input, "A file of lines; standard input when it is left out or -");
  verb->add_option("-o,--output", options->output, "Write a float32 .npy instead of lines of numbers");
  verb->add_option("--recipe", options->recipe,
                   "mean (default) of the tokens' rows; model2vec: of rows times weights, over 512 tokens at "
                   "most; fasttext: of word vectors of length 1, as its print-sentence-vectors")
      ->check(CLI::IsMember({"mean", "model2vec", "fasttext"}));
  verb->add_flag("--normalize", options->normalize, "Divide each vector by its length");
  verb->add_option("--unknown", options->unknown,
                   "Tokens that the vocabulary does not have: skip (default), error, subwords (their "
                   "n-grams; known words then go with theirs, too)")
      ->check(CLI::IsMember({"skip", "error", "subwords"}));
  verb->add_option("--unknown-row", options->unknown_row, "Let this row stand for unknown tokens")
      ->check(whole_number_from(0));
  verb->add_flag("--ids", options->ids,
                 "Lines hold numbers of tokens, or of rows where there is no vocabulary");
  verb->add_option("--threads", options->threads, "Threads to use; 0 (default) is as many as there are CPUs")
      ->check(whole_number_from(0));
  verb->footer(
      "Lines are split at spaces; every other way of tokenising comes before. A line without a token\n"
      "that is known gives zeros.\n\n"
      "EXAMPLES\n"
      "  windrow embed wiki.safetensors < lines.txt > vectors.txt\n"
      "  windrow embed english.safetensors --recipe fasttext -o vectors.npy < lines.txt\n"
      "  windrow embed potion.safetensors --recipe model2vec --normalize --ids token_ids.txt -o out.npy");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
