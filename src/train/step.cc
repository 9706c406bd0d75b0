#include <algorithm>
#include <limits>

#include "base/fail.h"
#include "base/parallel.h"
#include "table/request.h"
#include "train/trainer_state.h"

namespace windrow {

namespace {

// A thread more for each so many bytes of rows that the request names (bench/step_bench.cc): a smaller part
// is done sooner than a thread wakes.
constexpr uint64_t kBytesPerThread = 256 * 1024;

int threads_for(const GradientRequest& request, size_t row_bytes, int requested) {
  const int threads = thread_count(requested);
  const uint64_t worth = 1 + uint64_t{request.ids.count} * row_bytes / kBytesPerThread;
  return static_cast<int>(std::min<uint64_t>(static_cast<uint64_t>(threads), worth));
}

}  // namespace

Result<StepReport> Trainer::State::step(const GradientRequest& request, const StepOptions& options) {
  if (request.ids.count > std::numeric_limits<uint32_t>::max()) {
    return fail(ErrorCode::kInvalidArgument, request.ids.count,
                " ids in one step; at most 2^32 - 1 are possible");
  }
  const int threads = threads_for(request, table->format.row_bytes(), options.threads);
  if (auto prepared = gradient.prepare(request, *table, threads); !prepared) return pass(prepared);
  if (auto begun = begin_changes(); !begun) return pass(begun);
  apply(gradient, rule_of(optimizer, step_count + 1), weights, states, dim(), threads);
  ++step_count;
  max_threads = std::max(max_threads, threads);

  StepReport report;
  report.ids = static_cast<int64_t>(request.ids.count);
  report.used_ids = IdFilter{request.padding_id}.count(request.ids, 0, request.ids.count);
  report.rows_touched = static_cast<int64_t>(gradient.rows().rows());
  report.step_count = step_count;
  return report;
}

}  // namespace windrow
