#pragma once

#include <windrow/trainer.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/shares.h"
#include "kernels/clip.h"
#include "kernels/encode.h"
#include "kernels/merge.h"
#include "kernels/rows.h"
#include "kernels/stochastic.h"
#include "kernels/update.h"
#include "table/row_counters.h"
#include "train/gradient.h"
#include "train/mutable_rows.h"

namespace windrow {

// What one step changes: a table's rows, and their state.
struct RowsToUpdate {
  RowFormat format;
  MutableRows* weights = nullptr;
  std::span<MutableRows> states;
  const RowCounters* counters = nullptr;  // of readers that want whole rows

  size_t dim() const { return static_cast<size_t>(format.dim); }
  // Moved for a row: weights and state are read and written.
  size_t bytes_per_row() const;
};

// How rows are changed by one step.
struct UpdateRule {
  Optimizer optimizer;
  int64_t step = 1;  // of the optimiser on the table, from 1
  Rounding rounding = Rounding::kNearest;
  uint64_t seed = 0;
  bool scale_by_frequency = false;
  Clip clip = {};
};

// Takes a step in the rows that a gradient touches, one after the other: merge, divide, clip, decode, update, encode.
// Any number of threads may use it at a time, for different rows.
class RowUpdater {
 public:
  RowUpdater(const Gradient& gradient, const RowsIn& grads, const RowsToUpdate& rows, const UpdateRule& rule);

  // Floats of scratch memory that a thread needs.
  static size_t scratch_floats(const RowsToUpdate& rows);

  size_t rows() const { return gradient_.rows().rows(); }

  // All of the touched rows [begin, end).
  void update(size_t begin, size_t end, float* scratch) const;

  // The same in two parts, for a row that threads share: each merges columns of its own into `merged`, which has room
  // for a row, and when all have done so one of them takes the step.
  void merge(size_t row, Shares::Columns columns, float* merged) const;
  void take_step(size_t row, float* merged, float* scratch) const;

 private:
  void prefetch(size_t row) const;
  // Takes the step in `count` rows from `row` on, whose gradients are merged.
  void take_steps(size_t row, size_t count, float* merged, float* scratch) const;
  void update_narrow(const kernels::RowUpdates& updates, size_t row, float* scratch) const;

  const Gradient& gradient_;
  const RowsToUpdate& to_;
  UpdateRule rule_;
  size_t fetched_bytes_;  // of a gradient row that comes up; 0: they are in the cache
  kernels::Occurrences occurrences_;
  StepScalars scalars_;
  kernels::MergeFn merge_;
  kernels::UpdateRowsFn update_;
  size_t rows_at_a_time_;
  size_t row_floats_;  // of scratch memory, for one row
  kernels::DivideFn divide_ = nullptr;
  kernels::ClipFn clip_ = nullptr;
  // Of rows that are not floats.
  kernels::DecodeRowsFn decode_ = nullptr;
  kernels::EncodeValuesFn encode_ = nullptr;  // null for stochastic rounding
  kernels::RandomWordsFn random_words_ = nullptr;
  kernels::RoundFn round_ = nullptr;
};

}  // namespace windrow
