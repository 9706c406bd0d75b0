#include "conversion.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "base/fail.h"
#include "format/text.h"
#include "interrupt.h"
#include "progress.h"

namespace windrow::tools {

namespace {

// What happens to a block between reader and writer.
class Passage {
 public:
  Passage(ConversionReport& report, bool drop_duplicates, bool number_rows)
      : report_(report), drop_duplicates_(drop_duplicates), number_rows_(number_rows) {}

  void operator()(RowBlock& block) {
    report_.rows_read += block.rows;
    if (drop_duplicates_) keep_first_of_each_token(block);
    if (number_rows_) {
      for (size_t i = 0; i < block.rows; ++i) block.add_token(std::to_string(report_.rows_written + i));
    }
    count(block);
    report_.rows_written += block.rows;
  }

 private:
  void keep_first_of_each_token(RowBlock& block) {
    RowBlock kept;
    size_t next = 0;  // where the next kept row goes
    kept.clear(block.dim);
    for (size_t i = 0; i < block.rows; ++i) {
      const std::string_view token = block.token(i);
      if (!seen_.emplace(token).second) {
        if (report_.duplicates++ == 0) report_.first_duplicate = token;
        continue;
      }
      kept.add_token(token);
      if (next != i) std::copy_n(block.row(i), block.dim, block.row(next));
      ++next;
    }
    block.rows = next;
    block.values.resize(next * block.dim);
    block.token_bytes = std::move(kept.token_bytes);
    block.token_ends = std::move(kept.token_ends);
  }

  void count(const RowBlock& block) {
    for (size_t i = 0; i < block.rows; ++i) {
      const float* row = block.row(i);
      const auto any = [&](auto test) { return std::any_of(row, row + block.dim, test); };
      if (!any([](float x) { return !(x == 0); })) ++report_.zero_rows;
      if (any([](float x) { return std::isnan(x); })) ++report_.nan_rows;
      if (any([](float x) { return std::isinf(x); })) ++report_.infinite_rows;
      if (!block.has_tokens()) continue;
      const std::string_view token = block.token(i);
      if (token.empty()) ++report_.empty_tokens;
      if (utf8_prefix(token) != token.size()) ++report_.bad_utf8;
    }
  }

  ConversionReport& report_;
  bool drop_duplicates_;
  bool number_rows_;
  std::unordered_set<std::string> seen_;
};

void cut(RowBlock& block, uint64_t rows) {
  if (rows >= block.rows) return;
  block.rows = static_cast<size_t>(rows);
  block.values.resize(block.rows * block.dim);
  if (block.has_tokens()) block.token_ends.resize(block.rows);
}

}  // namespace

Result<ConversionReport> convert(const VectorSource& source, const VectorTarget& target,
                                 const ConversionOptions& options) {
  auto reader = source.format->open(source.file);
  if (!reader) return pass(reader);
  const SourceHeader& header = (*reader)->header();
  const bool drop_tokens = header.has_tokens && target.format->tokens == Tokens::kNone;
  const bool number_rows = !header.has_tokens && target.format->tokens == Tokens::kRequired;
  // In word2vec files a row is its token; elsewhere its number carries meaning, and must not move.
  const bool drop_duplicates = source.format->tokens == Tokens::kRequired;

  if (target.format->is_table) {
    const auto fits = options.row_format.check(static_cast<int64_t>(header.dim));
    if (!fits) return fail(fits.error().code, source.file.path, ": ", fits.error().message);
  }

  WriterSpec spec;
  spec.dim = header.dim;
  spec.max_rows = std::min(options.limit, header.rows.value_or(options.limit));
  spec.exact = header.rows.has_value() && !drop_duplicates;
  spec.row_format = options.row_format.of(static_cast<int64_t>(header.dim));
  spec.optimizer = options.optimizer;
  spec.state = options.state;
  spec.step_count = options.step_count;
  const Interrupt interrupt;  // from before there is something to remove
  auto writer = target.format->create(target.path, spec);
  if (!writer) return pass(writer);

  ConversionReport report;
  report.from = source.format->name;
  report.to = target.format->name;
  report.dim = header.dim;
  report.source_format = header.row_format;
  if (target.format->is_table) {
    report.row_format = spec.row_format;
    if (spec.row_format.kind != RowFormat::Kind::kF32) report.format_error.emplace(spec.row_format);
  }
  Passage passage(report, drop_duplicates, number_rows);
  {
    Progress progress("converting", spec.max_rows, "rows");
    RowBlock block;
    while (report.rows_read < options.limit) {
      if (auto read = (*reader)->next(block); !read) return pass(read);
      if (block.rows == 0) break;
      cut(block, options.limit - report.rows_read);
      passage(block);
      if (drop_tokens) block.token_ends.clear();
      if (block.rows > 0) {  // not all of them duplicates
        if (auto written = (*writer)->write(block); !written) return pass(written);
        if (report.format_error) report.format_error->add(block);
      }
      progress.at(report.rows_read);
      if (interrupt.asked()) return fail(ErrorCode::kIo, "interrupted; ", target.path, " is untouched");
    }
  }
  if (auto finished = (*writer)->finish(); !finished) return pass(finished);

  report.crlf_lines = (*reader)->crlf_lines();
  report.remarks = (*reader)->remarks();
  if (drop_tokens)
    report.remarks.push_back(concat("the tokens were left behind: ", report.to, " holds values only"));
  if (number_rows)
    report.remarks.push_back("the source has no tokens: rows are named by their numbers, from 0");
  return report;
}

}  // namespace windrow::tools
