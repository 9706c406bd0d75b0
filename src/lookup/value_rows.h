#pragma once

#include <windrow/views.h>
#include <array>
#include <cstdint>

#include "kernels/encode.h"

namespace windrow {

// The memory of rows that a call fills, by bytes.

inline size_t bytes_of_value(ValueType type) {
  return type == ValueType::kF32 ? 4 : 2;
}

inline uint8_t* row_of(const RowsOut& out, size_t row, size_t column = 0) {
  return static_cast<uint8_t*>(out.data) + (row * out.row_stride + column) * bytes_of_value(out.type);
}

// Null for f32, which is not encoded.
inline kernels::EncodeValuesFn encoder_of(const RowsOut& out) {
  return out.type == ValueType::kF32 ? nullptr : kernels::encode_values(out.type);
}

// Results are computed as floats, and where the output is narrower they are encoded from here. On the stack,
// so that small requests allocate nothing: wider rows are done some columns at a time.
constexpr size_t kScratchFloats = 2048;
using Scratch = std::array<float, kScratchFloats>;

}  // namespace windrow
