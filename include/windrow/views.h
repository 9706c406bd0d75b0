#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace windrow {

// Views: pointers and counts into memory that the caller owns. Nothing passed to a call is kept after it
// returns (but by PoolPlan, which says so), and nothing is copied. They map one to one onto numpy arrays and onto a C
// interface.

enum class IdType : uint8_t { kI32, kI64 };

// A run of integers: ids, offsets or lengths.
struct Ids {
  const void* data = nullptr;
  size_t count = 0;
  IdType type = IdType::kI64;

  Ids() = default;
  Ids(std::span<const int32_t> ids) : data(ids.data()), count(ids.size()), type(IdType::kI32) {}
  Ids(std::span<const int64_t> ids) : data(ids.data()), count(ids.size()), type(IdType::kI64) {}

  // The value at `position`, widened to 64 bits.
  int64_t operator[](size_t position) const {
    return type == IdType::kI32 ? static_cast<const int32_t*>(data)[position]
                                : static_cast<const int64_t*>(data)[position];
  }
};

// How values are stored in memory that is passed in or out. f16 is IEEE binary16, bf16 the upper half of a
// float; both as plain 16-bit words.
enum class ValueType : uint8_t { kF32, kF16, kBf16 };

// Rows that a call fills. `row_stride` is the distance between the starts of two rows, in values; it may
// exceed the number of columns, so that a call can write into some columns of a wider matrix.
struct RowsOut {
  void* data = nullptr;
  size_t rows = 0;
  size_t row_stride = 0;
  ValueType type = ValueType::kF32;

  RowsOut() = default;
  // `values` holds values.size() / row_stride whole rows.
  RowsOut(std::span<float> values, size_t row_stride)
      : data(values.data()), rows(row_stride ? values.size() / row_stride : 0), row_stride(row_stride) {}
  // 16-bit values: `type` is kF16 or kBf16.
  RowsOut(std::span<uint16_t> values, size_t row_stride, ValueType type)
      : data(values.data()),
        rows(row_stride ? values.size() / row_stride : 0),
        row_stride(row_stride),
        type(type) {}

  // The same rows from a later column on: to write into columns of a wider matrix.
  RowsOut from_column(size_t column) const {
    RowsOut rows_from = *this;
    if (data) rows_from.data = static_cast<uint8_t*>(data) + column * (type == ValueType::kF32 ? 4 : 2);
    return rows_from;
  }
};

// Rows that a call reads: gradients, or new values.
struct RowsIn {
  const void* data = nullptr;
  size_t rows = 0;
  size_t row_stride = 0;
  ValueType type = ValueType::kF32;

  RowsIn() = default;
  RowsIn(std::span<const float> values, size_t row_stride)
      : data(values.data()), rows(row_stride ? values.size() / row_stride : 0), row_stride(row_stride) {}
  // 16-bit values: `type` is kF16 or kBf16.
  RowsIn(std::span<const uint16_t> values, size_t row_stride, ValueType type)
      : data(values.data()),
        rows(row_stride ? values.size() / row_stride : 0),
        row_stride(row_stride),
        type(type) {}
};

// Ids grouped into bags: bag b holds positions [offsets[b], offsets[b + 1]).
//
// Give either `offsets` (bags + 1 entries: the first 0, none smaller than the one before, the last equal to
// ids.count) or `lengths` (one entry a bag, none negative, summing to ids.count). With neither there are no
// bags, and there must be no ids. `weights` is empty or has one entry per id.
struct Bags {
  Ids ids;
  Ids offsets;
  Ids lengths;
  std::span<const float> weights;
};

}  // namespace windrow
