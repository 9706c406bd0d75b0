#pragma once

#include <windrow/views.h>
#include <cstddef>
#include <cstdint>

namespace windrow {

// The memory of rows that a call fills or reads, by bytes.

inline size_t bytes_of_value(ValueType type) {
  return type == ValueType::kF32 ? 4 : 2;
}

inline uint8_t* row_of(const RowsOut& out, size_t row, size_t column = 0) {
  return static_cast<uint8_t*>(out.data) + (row * out.row_stride + column) * bytes_of_value(out.type);
}

inline const uint8_t* row_of(const RowsIn& in, size_t row) {
  return static_cast<const uint8_t*>(in.data) + row * in.row_stride * bytes_of_value(in.type);
}

}  // namespace windrow
