#include "io/system_error.h"

#include <cerrno>

namespace windrow::io {

ErrorCode code_of(int error) {
  switch (error) {
    case ENOENT:
      return ErrorCode::kNotFound;
    case ENOMEM:
      return ErrorCode::kNoMemory;
    case ENOSPC:
    case EDQUOT:
      return ErrorCode::kNoSpace;
    default:
      return ErrorCode::kIo;
  }
}

}  // namespace windrow::io
