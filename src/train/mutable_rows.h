#pragma once

#include <cstddef>
#include <cstdint>

#include "train/dirty_blocks.h"

namespace windrow {

// Rows of a tensor in a writable mapping.
struct MutableRows {
  uint8_t* base = nullptr;
  size_t stride_bytes = 0;
  size_t row_bytes = 0;  // of these, what is written
  DirtyBlocks blocks = DirtyBlocks();

  uint8_t* row(int64_t r) const { return base + static_cast<size_t>(r) * stride_bytes; }
  void mark(int64_t r) { blocks.mark(static_cast<uint64_t>(r) * stride_bytes, row_bytes); }
};

}  // namespace windrow
