#include "train/step_work.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

#include "base/fail.h"
#include "base/parallel.h"
#include "train/apply.h"
#include "train/trainer_state.h"

namespace windrow {

namespace {

// A thread more for each so many bytes of rows that the request names (bench/step_bench.cc): a smaller part
// is done sooner than a thread wakes.
constexpr uint64_t kBytesPerThread = 256 * 1024;

int threads_for(uint64_t bytes, int requested) {
  const auto threads = static_cast<uint64_t>(thread_count(requested));
  return static_cast<int>(std::min<uint64_t>(threads, 1 + bytes / kBytesPerThread));
}

Result<void> check_clip(const Clip& clip) {
  if (clip.kind == Clip::Kind::kNone) return {};
  const auto limit = static_cast<float>(clip.limit);
  if (limit > 0 && std::isfinite(limit)) return {};
  return fail(ErrorCode::kInvalidArgument, "clip: the limit is ", clip.limit,
              ", and must be a finite number above 0");
}

void prepare(const StepWork& work, const StepOptions& options) {
  TrainerState& trainer = *work.trainer;
  if (options.non_finite == NonFinite::kRefuse)
    trainer.finite.scan(work.request, trainer.dim(), work.threads);
  trainer.gradient.prepare(work.request, *trainer.table, work.threads);
}

// Sorts what each step does: threads take small steps each on its own, and large ones together.
void prepare_all(std::span<StepWork> works, const StepOptions& options, int threads) {
  for (const auto& work : works) {
    if (work.threads > 1) prepare(work, options);
  }
  std::atomic<size_t> next = 0;
  parallel(threads, [&](int) {
    for (size_t w = next++; w < works.size(); w = next++) {
      if (works[w].threads == 1) prepare(works[w], options);
    }
  });
}

}  // namespace

Result<void> StepWork::take(const StepRequest& step, const StepOptions& options) {
  if (!step.trainer) return fail(ErrorCode::kInvalidArgument, "no trainer is given");
  trainer = &step.trainer->internals();
  if (auto usable = trainer->check_usable(); !usable) return usable;
  if (auto clip = check_clip(options.clip); !clip) return clip;
  const auto& table = *trainer->table;
  const Bags& bags = step.bags;
  if (bags.ids.count > std::numeric_limits<uint32_t>::max()) {
    return fail(ErrorCode::kInvalidArgument, bags.ids.count,
                " ids in one step; at most 2^32 - 1 are possible");
  }
  size_t rows = bags.ids.count;
  if (step.pooling) {
    if (auto read = offsets.read(bags); !read) return read;
    rows = offsets.bags();
    if (rows > std::numeric_limits<uint32_t>::max())
      return fail(ErrorCode::kInvalidArgument, rows, " bags in one step; at most 2^32 - 1 are possible");
    request.pooled = true;
    request.pooling = *step.pooling;
    request.bounds = offsets.bounds();
    request.weights = bags.weights;
    if (request.is_max() && request.weighted())
      return fail(ErrorCode::kInvalidArgument, "weights: a maximum takes none");
  } else if (bags.offsets.count || bags.lengths.count || !bags.weights.empty()) {
    return fail(
        ErrorCode::kInvalidArgument,
        "offsets, lengths and weights go with a pooling; without one there is a gradient for each id");
  }
  request.ids = bags.ids;
  request.grads = step.grads;
  if (auto checked = check_rows(step.grads, rows, table.format.dim, "grads"); !checked) return checked;
  const auto padding_id = step.padding_id ? step.padding_id : options.padding_id;
  auto checked = check_ids(bags.ids, table.rows, padding_id, options.bad_ids, request.bounds);
  if (!checked) return pass(checked);
  request.filter = checked->filter;
  skipped_ids = checked->skipped;
  return {};
}

uint64_t StepWork::bytes() const {
  return uint64_t{request.ids.count} * trainer->table->format.row_bytes();
}

StepReport StepWork::report() const {
  StepReport report;
  report.ids = static_cast<int64_t>(request.ids.count);
  report.used_ids = trainer->gradient.used_ids();
  report.skipped_ids = skipped_ids;
  report.unique_ids = trainer->gradient.unique_ids();
  report.rows_touched = static_cast<int64_t>(trainer->gradient.rows().rows());
  report.step_count = trainer->step_count;
  return report;
}

tl::unexpected<Error> StepWork::failed(Result<void>& result) const {
  if (!number) return pass(result);
  return fail(result.error().code, "request ", *number, ": ", result.error().message);
}

Result<void> take_steps(std::span<StepWork> works, const StepOptions& options) {
  uint64_t bytes = 0;
  for (auto& work : works) {
    bytes += work.bytes();
    work.threads = threads_for(work.bytes(), options.threads);
  }
  const int threads = threads_for(bytes, options.threads);
  for (auto& work : works) {
    TrainerState& trainer = *work.trainer;
    if (auto reserved = trainer.gradient.reserve(work.request, *trainer.table, work.threads); !reserved)
      return work.failed(reserved);
    trainer.finite.reserve(trainer.dim(), work.threads);
  }
  prepare_all(works, options, threads);
  if (options.non_finite == NonFinite::kRefuse) {
    for (auto& work : works) {
      TrainerState& trainer = *work.trainer;
      if (auto finite = trainer.finite.check(work.request, trainer.gradient, trainer.dim()); !finite)
        return work.failed(finite);
    }
  }
  // From here on nothing can fail but what is kept for the way back, and then no row has changed yet.
  Application application(works, options, threads);
  for (auto& work : works) {
    TrainerState& trainer = *work.trainer;
    if (auto kept = trainer.before_change(trainer.gradient.rows(), threads); !kept) return work.failed(kept);
  }
  application.run();
  for (auto& work : works) {
    ++work.trainer->step_count;
    work.trainer->max_threads = std::max(work.trainer->max_threads, threads);
  }
  return {};
}

}  // namespace windrow
