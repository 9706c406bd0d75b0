#pragma once

#include <cstddef>
#include <cstdint>

namespace windrow::kernels {

// Dot products of rows with one vector, in the one order that every instruction set can keep: eight partial
// sums, column c to number c mod 8 in ascending order, then ((p0 + p1) + (p2 + p3)) + ((p4 + p5) + (p6 +
// p7)).
struct DotRun {
  const uint8_t* const* rows;  // row addresses, of any alignment
  size_t count;
  size_t ahead;  // row i + ahead is prefetched while row i is read; 0: no prefetch
  const float* vector;
  size_t dim;
};

// out[i] = dot(vector, row i)
using DotFn = void (*)(const DotRun& run, float* out);
DotFn dot_rows();

}  // namespace windrow::kernels
