#pragma once

#include <cstddef>
#include <cstdint>

#include "train/dirty_blocks.h"
#include "train/gradient.h"
#include "train/optimizer_rule.h"

namespace windrow {

// Rows of a tensor in a writable mapping.
struct MutableRows {
  uint8_t* base = nullptr;
  size_t stride_bytes = 0;
  DirtyBlocks blocks;
};

// Takes one step of the optimiser in every row that `gradient` touches. `states` has no base for a rule
// without state. Threads share the rows by their occurrences; a row with a great many is shared by columns.
// May throw bad_alloc before anything has changed.
void apply(const Gradient& gradient, const OptimizerRule& rule, MutableRows& weights, MutableRows& states,
           size_t dim, int threads);

}  // namespace windrow
