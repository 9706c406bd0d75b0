#include "formats/text_rows.h"

#include <algorithm>
#include <cstring>

#include "base/fail.h"
#include "base/parallel.h"
#include "formats/word2vec_header.h"

namespace windrow::tools {

namespace {

// Bytes of text that a value may take on average before a line is no longer believed to be a row.
constexpr uint64_t kMaxBytesPerValue = 128;
// Two and a half million values with 25 bytes each.
constexpr uint64_t kMaxLineBytes = 64 << 20;

constexpr size_t kMaxLines = 1 << 16;           // of a piece
constexpr size_t kMaxValues = 1 << 21;          // likewise, unless one row has more
constexpr size_t kMinBytesPerThread = 1 << 15;  // less is done sooner than a thread is woken

size_t line_limit(size_t dim) {
  return static_cast<size_t>(std::min(kMaxTokenBytes + kMaxBytesPerValue * dim, kMaxLineBytes));
}

size_t lines_at_once(size_t dim) {
  return std::clamp<size_t>(kMaxValues / dim, 1, kMaxLines);
}

}  // namespace

TextRows::TextRows(ByteReader bytes, std::unique_ptr<LineParser> parser, const Options& options)
    : bytes_(std::move(bytes)),
      parser_(std::move(parser)),
      options_(options),
      line_limit_(line_limit(parser_->dim())),
      lines_(options.lines_before) {}

Result<void> TextRows::next(RowBlock& block, uint64_t most) {
  block.dim = parser_->dim();
  block.rows = 0;
  block.tokens.clear();
  block.begins.clear();
  // Lenient, a piece may hold no row at all.
  while (block.rows == 0 && most > 0) {
    if (auto found = find_lines(static_cast<size_t>(std::min<uint64_t>(most, lines_at_once(block.dim))));
        !found)
      return found;
    if (texts_.empty()) break;
    block.values.resize(texts_.size() *
                        block.dim);  // not cleared before: that would fill it with zeros each time
    parse_lines(block.values.data());
    if (auto collected = collect(block); !collected) return collected;
  }
  block.values.resize(block.rows * block.dim);
  return {};
}

// The next whole lines in the buffer, at most `most`; only where it has none, the buffer is filled.
Result<void> TextRows::find_lines(size_t most) {
  texts_.clear();
  begin_ = bytes_.position();
  consumed_ = 0;
  if (bytes_.left() == 0) return {};
  const auto first = bytes_.find('\n', line_limit_ + 1);
  if (!first) return tl::make_unexpected(first.error());
  const std::string_view buffered = bytes_.buffered();
  const bool all = buffered.size() == bytes_.left();
  if (!*first && !(all && buffered.size() <= line_limit_)) {
    texts_.push_back(buffered.substr(0, line_limit_ + 1));  // too long, and perhaps without an end
    consumed_ = line_limit_ + 1;
    return {};
  }
  while (texts_.size() < most && consumed_ < buffered.size()) {
    const char* const begin = buffered.data() + consumed_;
    const size_t left = buffered.size() - consumed_;
    const auto* end = static_cast<const char*>(std::memchr(begin, '\n', left));
    if (!end && !all) break;
    const size_t length = end ? static_cast<size_t>(end - begin) : left;
    texts_.push_back(buffered.substr(consumed_, length));
    consumed_ += length + (end ? 1 : 0);
  }
  return {};
}

// Each thread takes a run of lines of about the same size.
void TextRows::parse_lines(float* values) {
  const size_t count = texts_.size(), dim = parser_->dim();
  parsed_.resize(count);
  const auto parse = [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      if (texts_[i].size() > line_limit_)
        parsed_[i] = {.fault = ParsedLine::Fault::kLongLine};
      else
        parsed_[i] = parser_->parse(texts_[i], values + i * dim);
    }
  };
  const size_t useful = std::min(count, consumed_ / kMinBytesPerThread);
  const auto threads =
      std::max<size_t>(1, std::min(useful, static_cast<size_t>(thread_count(options_.threads))));
  parallel(static_cast<int>(threads), [&](int thread) {
    const auto t = static_cast<size_t>(thread);
    parse(count * t / threads, count * (t + 1) / threads);
  });
}

Result<void> TextRows::collect(RowBlock& block) {
  const bool at_end = consumed_ == bytes_.left();
  uint64_t begin = begin_;
  for (size_t i = 0; i < texts_.size(); ++i) {
    const ParsedLine& line = parsed_[i];
    const std::string_view text = texts_[i];
    if (line.blank && at_end && i + 1 == texts_.size()) break;
    ++lines_;
    if (line.crlf) findings_.crlf_lines.add(rows_, begin);
    if (line.fault != ParsedLine::Fault::kNone) {
      const bool is_long = line.fault == ParsedLine::Fault::kLongLine;
      std::string reason = is_long ? concat("the line goes on for more than ", line_limit_, " bytes")
                                   : parser_->explain(text, line);
      if (is_long || !options_.lenient) {
        return fail(ErrorCode::kFormat, bytes_.name(), ": line ", lines_, ", byte ", begin, ": ", reason);
      }
      findings_.skip({lines_, begin, std::move(reason)});
    } else {
      if (block.rows < i) std::copy_n(block.row(i), block.dim, block.row(block.rows));
      if (parser_->has_tokens())
        parser_->add_token(text.substr(line.token_begin, line.token_bytes), block.tokens);
      block.begins.push_back(begin);
      ++block.rows;
      ++rows_;
    }
    begin += text.size() + 1;
  }
  bytes_.skip(consumed_);
  return {};
}

Result<uint64_t> TextRows::count_lines() {
  uint64_t count = 0;
  while (true) {
    if (auto found = find_lines(kMaxLines); !found) return pass(found);
    if (texts_.empty()) return count;
    count += texts_.size();
    bool crlf;
    if (consumed_ == bytes_.left() && trim_line(texts_.back(), crlf).empty()) --count;
    bytes_.skip(consumed_);
  }
}

}  // namespace windrow::tools
