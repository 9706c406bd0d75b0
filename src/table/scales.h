#pragma once

#include <windrow/error.h>
#include <windrow/row_format.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/safetensors.h"

namespace windrow {

// Scales of fp8 and i8 rows in a tensor of their own, as checkpoints have them: how that tensor is called,
// and how its shape says which values share a scale.

// The names under which the scales of the tensor `rows` may be found.
std::vector<std::string> scale_names(std::string_view rows);
// Likewise of a scale that all pieces of a table share; `pattern` has a `*` for the number of the piece.
std::vector<std::string> shared_scale_names(std::string_view pattern);

struct ScaleLayout {
  RowFormat::ScaleType type = RowFormat::ScaleType::kNone;
  int64_t block = 0;           // columns that share a scale
  int64_t rows_per_scale = 1;  // rows that do
  size_t stride_bytes = 0;     // from the scales of a row, or of such rows, to the next
  bool one_value = false;      // for everything
};

// What the tensor `scales` is to a tensor of `rows` x `dim` values:
//
//   [] [1] [1, 1]                        one scale for everything
//   [rows] [rows, 1]                     one for each row
//   [rows, n]                            one for every b columns of a row, where n = ceil(dim / b)
//   [ceil(rows / b), ceil(dim / b)]      one for b rows and b columns
//
// b is `scale_columns`, or where that is 0, deduced from the shape; it must then be certain. Of 160 columns with
// two scales, 80 or 128 may share one, and nobody but the caller can tell.
//
// `weight_scale_inv`, too, is multiplied with, whatever its name says.
// Errors: kUnsupported  of another type than F32, BF16, F8_E8M0 and U8 (taken for the same)
//         kFormat       a shape that fits none of these, or more than one b
//         kInvalidArgument  scale_columns does not fit the shape
Result<ScaleLayout> scale_layout(const safetensors::Tensor& scales, int64_t rows, int64_t dim,
                                 int64_t scale_columns = 0);

}  // namespace windrow
