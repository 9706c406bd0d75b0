#pragma once

#include <span>
#include <vector>

#include "base/shares.h"
#include "train/row_updater.h"
#include "train/step_work.h"

namespace windrow {

// The last stage of steps that go together: every touched row of every table takes its step, threads sharing them by
// the bytes to be moved. A row with so many occurrences that it would keep one thread busy alone is merged by all, each
// some of its columns.
class Application {
 public:
  // The works' gradients are prepared. May throw bad_alloc.
  Application(std::span<StepWork> works, const StepOptions& options, int threads);
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  void run();

 private:
  float* scratch_of(int thread) { return scratch_ + static_cast<size_t>(thread) * scratch_floats_; }
  float* merged_of(size_t huge) { return merged_ + huge * most_columns_; }

  int threads_;
  std::vector<RowsToUpdate> tables_;
  std::vector<RowUpdater> updaters_;
  std::vector<Shares::Part> parts_;
  Shares shares_;
  size_t scratch_floats_ = 0;  // of a thread
  size_t most_columns_ = 0;
  float* scratch_ = nullptr;
  float* merged_ = nullptr;  // of the huge rows
};

}  // namespace windrow
