#include "formats/text_output.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/fail.h"
#include "base/parallel.h"
#include "formats/word2vec_header.h"

namespace windrow::tools {

namespace {

constexpr size_t kMaxFloatBytes = 15;  // -1.1754944e-38, -0.000123456789
constexpr size_t kValuesAtOnce = size_t{1} << 18;
constexpr size_t kMinValuesPerThread = 1 << 13;  // fewer are done sooner than a thread is woken
constexpr size_t kMaxThreads = 64;

}  // namespace

size_t TextOutput::room_for(const RowBlock& block, size_t begin, size_t end) const {
  size_t bytes = (end - begin) * (block.dim * (kMaxFloatBytes + 1) + 2);
  if (style_.tokens) {
    for (size_t i = begin; i < end; ++i) bytes += block.token(i).size();
  }
  return bytes;
}

char* TextOutput::format_value(float value, char* at) const noexcept {
  char* const end = at + kMaxFloatBytes;
  return style_.precision ? std::to_chars(at, end, value, std::chars_format::general, *style_.precision).ptr
                          : std::to_chars(at, end, value).ptr;
}

char* TextOutput::format_rows(const RowBlock& block, size_t begin, size_t end, char* at) const noexcept {
  for (size_t i = begin; i < end; ++i) {
    if (style_.tokens) {
      const std::string_view token = block.token(i);
      at = std::copy(token.begin(), token.end(), at);
    }
    const float* values = block.row(i);
    for (size_t c = 0; c < block.dim; ++c) {
      if (style_.tokens || c > 0) *at++ = style_.separator;
      at = format_value(values[c], at);
    }
    *at++ = '\n';
  }
  return at;
}

Result<void> TextOutput::write(const RowBlock& block,
                               const std::function<Result<void>(std::string_view)>& append) {
  const size_t rows_at_once = std::max<size_t>(1, kValuesAtOnce / block.dim);
  for (size_t first = 0; first < block.rows; first += rows_at_once) {
    const size_t rows = std::min(rows_at_once, block.rows - first);
    const size_t useful = std::min({rows, rows * block.dim / kMinValuesPerThread, kMaxThreads});
    const size_t threads =
        std::clamp<size_t>(static_cast<size_t>(thread_count(0)), 1, std::max<size_t>(1, useful));
    // Where each thread's rows begin, and its text.
    std::array<size_t, kMaxThreads + 1> row{}, place{};
    for (size_t t = 0; t <= threads; ++t) row[t] = first + rows * t / threads;
    for (size_t t = 0; t < threads; ++t) place[t + 1] = place[t] + room_for(block, row[t], row[t + 1]);
    if (text_.size() < place[threads]) text_.resize(place[threads]);
    std::array<size_t, kMaxThreads> bytes{};
    parallel(static_cast<int>(threads), [&](int thread) {
      const auto t = static_cast<size_t>(thread);
      char* const begin = text_.data() + place[t];
      bytes[t] = static_cast<size_t>(format_rows(block, row[t], row[t + 1], begin) - begin);
    });
    for (size_t t = 0; t < threads; ++t) {
      if (auto appended = append({text_.data() + place[t], bytes[t]}); !appended) return appended;
    }
  }
  return {};
}

Result<void> check_text_tokens(const RowBlock& block, uint64_t first_row, const std::string& path) {
  for (size_t i = 0; i < block.rows; ++i) {
    const std::string_view token = block.token(i);
    const bool is_long = token.size() > kMaxTokenBytes;
    if (!is_long && token.find('\n') == std::string_view::npos) continue;
    return fail(ErrorCode::kUnsupported, path, ": row ", first_row + i,
                ": a line of text cannot hold a token ",
                is_long ? "of more than 65536 bytes" : "with a line feed", "; safetensors can");
  }
  return {};
}

}  // namespace windrow::tools
