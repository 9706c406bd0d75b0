#pragma once

#include <windrow/error.h>
#include <string>
#include <string_view>
#include <type_traits>

namespace windrow {

namespace detail {

inline void append(std::string& text, std::string_view part) {
  text += part;
}

template <class Number>
requires std::is_arithmetic_v<Number>
void append(std::string& text, Number number) {
  text += std::to_string(number);
}

}  // namespace detail

// The parts of a message, one after another: texts and numbers.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::string text;
  (detail::append(text, parts), ...);
  return text;
}

// `return fail(ErrorCode::kIo, path, ": cannot read byte ", offset);`
template <class... Parts>
tl::unexpected<Error> fail(ErrorCode code, const Parts&... parts) {
  return tl::make_unexpected(Error{code, concat(parts...)});
}

// `if (!result) return pass(result);` hands an error on to a Result of another type.
template <class T>
tl::unexpected<Error> pass(Result<T>& result) {
  return tl::make_unexpected(std::move(result.error()));
}

}  // namespace windrow
