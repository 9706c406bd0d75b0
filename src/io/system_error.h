#pragma once

#include <string>
#include <system_error>

#include "base/fail.h"

namespace windrow::io {

// The code for an errno value.
ErrorCode code_of(int error);

// `return fail_system(errno, path, "read ", n, " bytes at byte ", offset);` gives
// "PATH: cannot read 100 bytes at byte 0: Input/output error".
template <class... Parts>
tl::unexpected<Error> fail_system(int error, const std::string& path, const Parts&... attempt) {
  return fail(code_of(error), path, ": cannot ", attempt..., ": ", std::generic_category().message(error));
}

}  // namespace windrow::io
