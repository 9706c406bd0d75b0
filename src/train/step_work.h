#pragma once

#include <windrow/trainer.h>
#include <optional>
#include <span>

#include "table/request.h"
#include "train/gradient.h"

namespace windrow {

struct TrainerState;

// A step of one table on its way through its stages; several may go together.
struct StepWork {
  TrainerState* trainer = nullptr;
  BagOffsets offsets;       // what request.bounds points to
  GradientRequest request;  // checked
  int64_t skipped_ids = 0;
  int threads = 1;                    // that sort it
  std::optional<size_t> number = {};  // of the request, where there are several: for messages

  StepWork() = default;
  StepWork(const StepWork&) = delete;
  StepWork& operator=(const StepWork&) = delete;

  // Checks a request and takes it in; errors as Trainer::step().
  Result<void> take(const StepRequest& step, const StepOptions& options);
  uint64_t bytes() const;  // of the rows that its ids name
  StepReport report() const;
  // An error with the request's number.
  tl::unexpected<Error> failed(Result<void>& result) const;
};

// Takes all of these steps, or none.
Result<void> take_steps(std::span<StepWork> works, const StepOptions& options);

}  // namespace windrow
