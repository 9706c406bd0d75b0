#pragma once

#include <windrow/error.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace examples {

using windrow::Result;

inline tl::unexpected<windrow::Error> fail(windrow::ErrorCode code, std::string message) {
  return tl::make_unexpected(windrow::Error{code, std::move(message)});
}

// "PATH: cannot open: No such file or directory"
inline tl::unexpected<windrow::Error> fail_system(int error, const std::string& path, const std::string& attempt) {
  const auto code = error == ENOENT ? windrow::ErrorCode::kNotFound : windrow::ErrorCode::kIo;
  return fail(code, path + ": cannot " + attempt + ": " + std::generic_category().message(error));
}

// `if (!result) return pass(result);` hands an error on to a Result of another type.
template <class T>
tl::unexpected<windrow::Error> pass(Result<T>& result) {
  return tl::make_unexpected(std::move(result.error()));
}

}  // namespace examples
