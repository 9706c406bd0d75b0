#pragma once

#include <windrow/row_format.h>
#include <windrow/views.h>
#include <cstddef>
#include <cstdint>

namespace windrow::kernels {

// Floats into the bytes of rows and outputs: FORMAT.md, "How values are stored". The same bytes on every CPU.

// out[i] = values[i] rounded to the nearest f16 or bf16, ties to even; NaN becomes the quiet NaN of its sign,
// 7e00 or 7fc0. `out` may have any alignment.
using EncodeValuesFn = void (*)(const float* values, size_t count, uint8_t* out);
EncodeValuesFn encode_values(ValueType type);  // kF16 or kBf16

// Why a row cannot be stored in a format.
enum class EncodeError : uint8_t {
  kNone,
  kNotFinite,   // int8, int4, int2, i8, and scaled formats: a NaN or an infinity
  kOutOfRange,  // int4, int2: the smallest value or the scale is beyond f16; int8: the difference between the
                // largest and the smallest is beyond f32; i8 without scales: a value beyond 127
};

// Stores one row of `format.dim` floats as `format` has it: its first row_bytes() bytes, scales in the row
// included. Every format but those with scales apart. What was written to `row` after an error is undefined.
using EncodeRowFn = EncodeError (*)(const RowFormat& format, const float* values, uint8_t* row);
EncodeRowFn encode_row(RowFormat::Kind kind);

}  // namespace windrow::kernels
