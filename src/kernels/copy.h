#pragma once

#include <cstddef>
#include <cstdint>

namespace windrow::kernels {

// Copies the bits of rows that lie anywhere into rows `out_stride` bytes apart.
struct CopyRun {
  const uint8_t* const* rows;  // row addresses, of any alignment
  size_t count;
  size_t ahead;      // row i + ahead is prefetched while row i is copied; 0: no prefetch
  size_t row_bytes;  // at least 1
};

using CopyFn = void (*)(const CopyRun& run, uint8_t* out, size_t out_stride);

// The kernel for this CPU.
CopyFn copy_rows();

// The same past the caches, for outputs that would not stay in them. Rows of `out` start at multiples of 64
// and are whole cache lines. What it wrote is visible to other threads after stream_fence().
CopyFn stream_rows();
void stream_fence();

}  // namespace windrow::kernels
