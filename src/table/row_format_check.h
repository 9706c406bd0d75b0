#pragma once

#include <windrow/row_format.h>

#include "base/fail.h"

namespace windrow {

constexpr int64_t kMaxDim = int64_t{1} << 30;

// kInvalidArgument: a kind, dim, stride or scales that cannot be.
Result<void> check_row_format(const RowFormat& format);

}  // namespace windrow
