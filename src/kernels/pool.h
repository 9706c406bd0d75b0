#pragma once

#include <cstddef>
#include <cstdint>

namespace windrow::kernels {

// Reduces rows of one bag into one output row. Kernels know neither ids nor files.
struct PoolRun {
  const uint8_t* const* rows;  // row addresses, of any alignment
  const float* weights;        // one per row; only read by the weighted sum
  size_t count;                // at least 1
  size_t ahead;                // these columns of row i + ahead are prefetched while row i is read; 0: none
  bool begins;                 // the first rows of the bag; else `out` holds what came before
  float divisor;               // what the finished sum is divided by; 0: it is not
};

// Columns [begin, end) of every row of the run, into out[begin..end).
using PoolFn = void (*)(const PoolRun& run, size_t begin, size_t end, float* out);

enum class Reduction : uint8_t {
  kSum,          // acc = 0;        acc = acc + x
  kWeightedSum,  // acc = 0;        acc = acc + (w * x), two roundings
  kMax,          // acc = first x;  acc = (x > acc) ? x : acc
};

// The kernel for this CPU.
PoolFn pool(Reduction reduction);

}  // namespace windrow::kernels
