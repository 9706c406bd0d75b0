#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace windrow::tools {

// Numbers as text, whatever the locale.

// The nearest float of a decimal number, an infinity or a NaN; nothing unless all of `text` is one. One
// leading '+' is allowed. A number too small for a float gives a zero with its sign; one too large is no
// number.
std::optional<float> parse_float(std::string_view text);

// The same for a double.
std::optional<double> parse_double(std::string_view text);

// A whole number without sign, all of `text`; nothing when it does not fit.
std::optional<uint64_t> parse_unsigned(std::string_view text);
std::optional<int64_t> parse_integer(std::string_view text);

// The shortest text that parse_float() turns into the same value.
void append_float(std::string& text, float value);

}  // namespace windrow::tools
