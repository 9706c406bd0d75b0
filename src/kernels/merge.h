#pragma once

#include <windrow/views.h>
#include <cstddef>
#include <cstdint>

namespace windrow::kernels {

// The merged gradient of a row: the sum of what its occurrences contribute. Kernels see addresses of rows, neither
// ids nor files.

// What one occurrence of a row contributes to its gradient.
enum class Contribution : uint8_t {
  kPlain,   // v = g
  kFactor,  // v = g * factor
  kWinner,  // v = g in the columns that the occurrence won in a maximum, +0 elsewhere
};

// One entry per occurrence, grouped by row.
struct Occurrences {
  const uint8_t* const* gradients = nullptr;  // addresses of g, of any alignment
  size_t count = 0;
  const float* factors = nullptr;            // kFactor
  const uint32_t* const* winners = nullptr;  // kWinner: for each column the place that won it
  const uint32_t* places = nullptr;          // kWinner: the occurrence's own place
};

// For each of the columns [column_begin, column_end): merged[column] = v of occurrence `begin`, then + v of the
// others up to `end`, in order. begin < end.
using MergeFn = void (*)(const Occurrences& from, size_t begin, size_t end, size_t column_begin,
                         size_t column_end, float* merged);
MergeFn merge_gradients(Contribution contribution, ValueType type);

}  // namespace windrow::kernels
