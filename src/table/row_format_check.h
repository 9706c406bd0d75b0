#pragma once

#include <windrow/row_format.h>

#include "base/fail.h"

namespace windrow {

constexpr int64_t kMaxDim = int64_t{1} << 30;

// kInvalidArgument: a dim or stride that cannot be.
inline Result<void> check_row_format(const RowFormat& format) {
  if (format.dim < 1 || format.dim > kMaxDim) {
    return fail(ErrorCode::kInvalidArgument, "dim is ", format.dim, ", and must be from 1 to ", kMaxDim);
  }
  if (format.stride_bytes < format.row_bytes() || format.stride_bytes % sizeof(float) != 0) {
    return fail(ErrorCode::kInvalidArgument, "a stride of ", format.stride_bytes, " bytes for rows of ",
                format.row_bytes(), ": it must be a multiple of 4, and not less");
  }
  return {};
}

}  // namespace windrow
