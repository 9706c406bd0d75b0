#pragma once

#include <windrow/views.h>
#include <array>
#include <cstdint>

#include "kernels/encode.h"
#include "table/view_rows.h"

namespace windrow {

// Null for f32, which is not encoded.
inline kernels::EncodeValuesFn encoder_of(const RowsOut& out) {
  return out.type == ValueType::kF32 ? nullptr : kernels::encode_values(out.type);
}

// Results are computed as floats, and where the output is narrower they are encoded from here. On the stack,
// so that small requests allocate nothing: wider rows are done some columns at a time.
constexpr size_t kScratchFloats = 2048;
using Scratch = std::array<float, kScratchFloats>;

}  // namespace windrow
