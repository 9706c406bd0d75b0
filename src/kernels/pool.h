#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/rows.h"

namespace windrow::kernels {

// Reduces rows of one bag into one output row.
struct PoolRun {
  Rows rows;             // from 1 to kMaxRows
  const float* weights;  // one per row; only read by the weighted sum
  bool begins;           // the first rows of the bag; else `out` holds what came before
  float divisor;         // what the finished sum is divided by; 0: it is not
};

// Columns [begin, end) of every row of the run; out[0] is column `begin`, a multiple of 16.
using PoolFn = void (*)(const RowFormat& format, const PoolRun& run, size_t begin, size_t end, float* out);

enum class Reduction : uint8_t {
  kSum,          // acc = 0;        acc = acc + x
  kWeightedSum,  // acc = 0;        acc = acc + (w * x), two roundings
  kMax,          // acc = first x;  acc = (x > acc) ? x : acc
};

// The kernel for this CPU.
PoolFn pool(const RowFormat& format, Reduction reduction);

// Those of one family of formats; each is a file of its own.
struct PoolFns {
  PoolFn sum, weighted_sum, max;
};
PoolFns pool_f32();
PoolFns pool_f16();
PoolFns pool_bf16();
PoolFns pool_e4m3(bool scaled);
PoolFns pool_e5m2(bool scaled);
PoolFns pool_i8(bool scaled);
PoolFns pool_int8();
PoolFns pool_int4();
PoolFns pool_int2();

}  // namespace windrow::kernels
