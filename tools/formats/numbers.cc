#include "formats/numbers.h"

#include <fast_float/fast_float.h>
#include <charconv>
#include <cmath>

namespace windrow::tools {

namespace {

template <class Integer>
std::optional<Integer> parse_whole(std::string_view text) {
  Integer value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <class Float>
std::optional<Float> parse_real(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  if (text.empty()) return std::nullopt;
  const bool negative = text.front() == '-';
  Float value = negative ? -Float{0} : Float{0};
  const auto [end, error] = fast_float::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
  // Versions of fast_float differ in what they report for a number out of range; the value is the same: a
  // zero or an infinity. An infinity that was not spelled so is an overflow.
  if (std::isinf(value)) {
    const char first = text[negative ? 1 : 0];
    if (first != 'i' && first != 'I') return std::nullopt;
  }
  return value;
}

}  // namespace

std::optional<float> parse_float(std::string_view text) {
  return parse_real<float>(text);
}

std::optional<double> parse_double(std::string_view text) {
  return parse_real<double>(text);
}

std::optional<uint64_t> parse_unsigned(std::string_view text) {
  return parse_whole<uint64_t>(text);
}

std::optional<int64_t> parse_integer(std::string_view text) {
  return parse_whole<int64_t>(text);
}

void append_float(std::string& text, float value) {
  char digits[32];
  const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), value);
  text.append(digits, end);
}

}  // namespace windrow::tools
