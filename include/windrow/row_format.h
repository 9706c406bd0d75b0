#pragma once

#include <cstddef>
#include <cstdint>

namespace windrow {

// How the values of a row are stored.
struct RowFormat {
  // The numbers stand in files (FORMAT.md) and are never reused.
  enum class Kind : uint32_t { kF32 = 1 };

  Kind kind = Kind::kF32;
  int64_t dim = 0;          // values in a row
  size_t stride_bytes = 0;  // from the start of a row to the start of the next; never below row_bytes()

  // Rows back to back.
  static RowFormat f32(int64_t dim) { return {Kind::kF32, dim, static_cast<size_t>(dim) * sizeof(float)}; }

  // The same values with every row padded to whole 64-byte cache lines, zeros behind the last value. A row
  // that straddles one line more than it must costs up to twice the time of one that does not.
  RowFormat padded_to_lines() const {
    RowFormat padded = *this;
    padded.stride_bytes = (row_bytes() + 63) / 64 * 64;
    return padded;
  }

  // Bytes of a row that carry values.
  size_t row_bytes() const { return static_cast<size_t>(dim) * sizeof(float); }

  bool operator==(const RowFormat&) const = default;
};

}  // namespace windrow
