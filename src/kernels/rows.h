#pragma once

#include <windrow/row_format.h>
#include <cstddef>
#include <cstdint>

namespace windrow::kernels {

// Rows that a kernel reads. Kernels know neither ids nor files: addresses of any alignment, and how a row is
// stored.
struct Rows {
  const uint8_t* const* at;      // addresses of rows
  const uint8_t* const* scales;  // addresses of their first scales; null for a format without
  size_t count;
  size_t ahead;             // row i + ahead is prefetched while row i is read; 0: no prefetch
  bool half_lines = false;  // short rows of floats are best read by half a cache line at a time
};

// How many rows a kernel takes at a time: it keeps their scales on the stack.
constexpr size_t kMaxRows = 256;

// Decodes whole rows to floats, `out_stride` floats apart.
using DecodeRowsFn = void (*)(const RowFormat& format, const Rows& rows, float* out, size_t out_stride);
DecodeRowsFn decode_rows(const RowFormat& format);

}  // namespace windrow::kernels
