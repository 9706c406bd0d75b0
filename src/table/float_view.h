#pragma once

#include <windrow/row_format.h>
#include <windrow/views.h>
#include <cstddef>

#include "kernels/rows.h"
#include "table/view_rows.h"

namespace windrow {

// A row of a view as floats: the row itself, or widened into memory of the thread's own.
class FloatView {
 public:
  FloatView(const RowsIn& rows, int64_t dim, float* memory)
      : rows_(rows),
        format_(rows.type == ValueType::kF16 ? RowFormat::f16(dim) : RowFormat::bf16(dim)),
        decode_(rows.type == ValueType::kF32 ? nullptr : kernels::decode_rows(format_)),
        memory_(memory) {}

  // How many floats of memory a thread needs.
  static size_t memory_for(const RowsIn& rows, int64_t dim) {
    return rows.type == ValueType::kF32 ? 0 : static_cast<size_t>(dim);
  }

  // Until the next call.
  const float* row(size_t number) const {
    const uint8_t* const stored = row_of(rows_, number);
    if (!decode_) return reinterpret_cast<const float*>(stored);
    decode_(format_, {&stored, nullptr, 1, 0}, memory_, static_cast<size_t>(format_.dim));
    return memory_;
  }

 private:
  RowsIn rows_;
  RowFormat format_;
  kernels::DecodeRowsFn decode_;
  float* memory_;
};

}  // namespace windrow
