#include "formats/vocabulary_file.h"

#include <unordered_set>

#include "base/fail.h"
#include "formats/byte_order_mark.h"
#include "formats/numbers.h"
#include "formats/word2vec_header.h"

namespace windrow::tools {

namespace {

constexpr size_t kMaxLineBytes = kMaxTokenBytes + 32;  // with a count

std::string_view without_cr(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Where the space before a count stands, or nothing.
std::optional<size_t> count_begin(std::string_view line) {
  while (line.ends_with(' ')) line.remove_suffix(1);
  const size_t space = line.rfind(' ');
  if (space == std::string_view::npos || space == 0 || !parse_unsigned(line.substr(space + 1)))
    return std::nullopt;
  return space;
}

class NamedReader : public RowReader {
 public:
  NamedReader(std::unique_ptr<RowReader> rows, ByteReader lines)
      : rows_(std::move(rows)), lines_(std::move(lines)), header_(rows_->header()) {
    header_.has_tokens = true;
  }

  const SourceHeader& header() const override { return header_; }
  ReaderFindings findings() const override {
    ReaderFindings findings = rows_->findings();
    if (has_mark_) findings.remarks.emplace_back(kByteOrderMarkRemark);
    if (has_counts_)
      findings.remarks.push_back(concat("the counts behind the tokens of ", lines_.name(), " were left out"));
    return findings;
  }

  Result<void> next(RowBlock& block) override {
    if (auto read = rows_->next(block); !read) return read;
    if (named_ == 0) {
      if (auto looked = look_at_start(); !looked) return looked;
    }
    for (size_t i = 0; i < block.rows; ++i) {
      if (lines_.left() == 0) {
        return fail(ErrorCode::kFormat, lines_.name(), ": ", named_, " tokens, but there are more rows",
                    header_.rows ? concat(": ", *header_.rows) : "");
      }
      const auto token = next_token();
      if (!token) return tl::make_unexpected(token.error());
      block.add_token(*token);
      ++named_;
    }
    return block.rows == 0 ? check_end() : Result<void>();
  }

 private:
  // The next line, and what ends it.
  Result<std::string_view> next_line() {
    const auto end = lines_.find('\n', kMaxLineBytes);
    if (!end) return tl::make_unexpected(end.error());
    if (!*end && lines_.left() > kMaxLineBytes) {
      return fail(ErrorCode::kFormat, lines_.name(), ": line ", named_ + 1, ", byte ", lines_.position(),
                  ": the line goes on for more than ", kMaxLineBytes, " bytes; a token has at most ",
                  kMaxTokenBytes);
    }
    const size_t length = *end ? **end : static_cast<size_t>(lines_.left());
    const auto line = lines_.peek(length);
    if (line) lines_.skip(length + (*end ? 1 : 0));
    return line;
  }

  Result<std::string_view> next_token() {
    const uint64_t begin = lines_.position();
    const auto line = next_line();
    if (!line) return line;
    const std::string_view token = without_cr(*line);
    if (!has_counts_) return token;
    if (const auto space = count_begin(token)) return token.substr(0, *space);
    return fail(ErrorCode::kFormat, lines_.name(), ": line ", named_ + 1, ", byte ", begin,
                ": no count ends the line, as in those before");
  }

  // Whether each whole line in the first bytes has a count, behind a token that no other has: of `item 1` and `item 2`
  // the numbers are parts.
  Result<void> look_at_start() {
    const auto marked = skip_byte_order_mark(lines_);
    if (!marked) return tl::make_unexpected(marked.error());
    has_mark_ = *marked;
    constexpr size_t kLooked = 64 * 1024;
    const auto start = lines_.peek(kLooked);
    if (!start) return tl::make_unexpected(start.error());
    std::string_view text = *start;
    std::unordered_set<std::string_view> tokens;
    bool all = !text.empty();
    while (all && !text.empty()) {
      const size_t end = text.find('\n');
      if (end == std::string_view::npos && start->size() < lines_.left()) break;  // cut off
      const std::string_view line = without_cr(text.substr(0, end));
      const auto space = count_begin(line);
      all = space && tokens.insert(line.substr(0, *space)).second;
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    has_counts_ = all;
    return {};
  }

  Result<void> check_end() {
    uint64_t more = 0;
    while (lines_.left() > 0) {
      const auto line = next_line();
      if (!line) return tl::make_unexpected(line.error());
      if (!without_cr(*line).empty() || lines_.left() > 0) ++more;  // a blank last line is none
    }
    if (more == 0) return {};
    return fail(ErrorCode::kFormat, lines_.name(), ": ", named_ + more, " tokens for ", named_, " rows");
  }

  std::unique_ptr<RowReader> rows_;
  ByteReader lines_;
  SourceHeader header_;
  bool has_mark_ = false;
  bool has_counts_ = false;
  uint64_t named_ = 0;  // rows so far
};

}  // namespace

std::unique_ptr<RowReader> with_vocabulary(std::unique_ptr<RowReader> rows,
                                           std::unique_ptr<ByteSource> vocabulary) {
  return std::make_unique<NamedReader>(std::move(rows), ByteReader(std::move(vocabulary)));
}

}  // namespace windrow::tools
