#pragma once

#include <windrow/optimizer.h>
#include <cstddef>
#include <cstdint>

#include "kernels/optimizers/about.h"

namespace windrow::kernels {

// One step of an optimiser in some rows.

// How many rows a kernel takes at a time: enough that what one row waits for is hidden behind the others.
constexpr size_t kMaxUpdateRows = 8;

// Whole rows as floats: an optimiser may look at all columns of a row before it changes one.
struct RowUpdates {
  size_t rows = 0;  // at most kMaxUpdateRows
  size_t columns = 0;
  const float* gradients = nullptr;  // merged; the rows are gradient_stride floats apart
  size_t gradient_stride = 0;
  uint8_t* const* weights = nullptr;  // a row each, of floats of any alignment
  // Of each state tensor a row each, likewise; one float where it is per row.
  uint8_t* const* states[kMaxStates] = {};
  const StepScalars* scalars = nullptr;  // of this optimiser

  const float* gradient(size_t row) const { return gradients + row * gradient_stride; }
};

using UpdateRowsFn = void (*)(const RowUpdates& updates);
UpdateRowsFn update_rows(const Optimizer& optimizer);

// What the formula needs in step number `step`, from 1.
StepScalars step_scalars(const Optimizer& optimizer, int64_t step);

}  // namespace windrow::kernels
