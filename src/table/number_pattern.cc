#include "table/number_pattern.h"

#include <algorithm>

#include "base/fail.h"

namespace windrow {

Result<NumberPattern> NumberPattern::parse(std::string_view text) {
  NumberPattern pattern;
  pattern.text_ = text;
  pattern.star_ = text.find('*');
  if (pattern.star_ == text.npos || text.find('*', pattern.star_ + 1) != text.npos) {
    return fail(
        ErrorCode::kInvalidArgument, "\"", text,
        "\": one `*` may stand for the number in the names of a table's pieces, and no more than one");
  }
  return pattern;
}

std::optional<std::string_view> NumberPattern::digits_in(std::string_view name) const {
  constexpr size_t kMaxDigits = 18;  // of a number that fits into 64 bits
  const size_t around = text_.size() - 1;
  if (name.size() <= around || name.size() > around + kMaxDigits) return std::nullopt;
  if (!name.starts_with(prefix()) || !name.ends_with(suffix())) return std::nullopt;
  const std::string_view digits = name.substr(star_, name.size() - around);
  const bool all = std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  return all ? std::optional(digits) : std::nullopt;
}

std::string NumberPattern::with(std::string_view digits) const {
  return concat(prefix(), digits, suffix());
}

}  // namespace windrow
