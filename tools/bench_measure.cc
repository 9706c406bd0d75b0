#include "bench_measure.h"

#include <algorithm>
#include <chrono>

#include "base/fail.h"
#include "base/parallel.h"
#include "bench_limit.h"
#include "interrupt.h"
#include "io/paging.h"
#include "progress.h"
#include "table/table_data.h"

namespace windrow::tools {

namespace {

constexpr double kRepeatNanoseconds = 2e7;  // a repeat lasts at least this long

// Nanoseconds that `count` batches take.
Result<double> time_batches(Work& work, size_t count) {
  const auto start = std::chrono::steady_clock::now();
  for (size_t i = 0; i < count; ++i) {
    if (auto done = work.run_batch(); !done) return pass(done);
  }
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

// Fills ns_per_id, first_touch and sequential_gb_per_s.
Result<void> run_repeats(Work& work, size_t repeats, bool show_progress, Measurement& result) {
  const Table& table = work.table();
  const size_t table_bytes = static_cast<size_t>(table.rows()) * table.format().stride_bytes;
  SequentialRead sequential(table, result.threads);
  // A table that fits into memory is measured in memory, unless it shall come in by and by.
  const bool lazy = result.work.table.residency == "lazy";
  if (result.work.op != "step" && !lazy && table_bytes < io::available_memory()) sequential.touch();

  const auto first_pass = time_batches(work, work.batches());
  if (!first_pass) return tl::make_unexpected(first_pass.error());
  result.first_touch = *first_pass / static_cast<double>(work.batches() * work.ids_per_batch());
  const double batch_nanoseconds = *first_pass / static_cast<double>(work.batches());
  const auto batches = static_cast<size_t>(std::max(1.0, kRepeatNanoseconds / batch_nanoseconds + 0.5));

  std::optional<Progress> progress;
  if (show_progress) progress.emplace("measuring", repeats, "repeats");
  const Interrupt interrupt;
  for (size_t repeat = 0; repeat < repeats; ++repeat) {
    const auto nanoseconds = time_batches(work, batches);
    if (!nanoseconds) return tl::make_unexpected(nanoseconds.error());
    result.ns_per_id.push_back(*nanoseconds / static_cast<double>(batches * work.ids_per_batch()));
    sequential.measure();
    if (progress) progress->at(repeat + 1);
    if (interrupt.asked()) return fail(ErrorCode::kIo, "interrupted");
  }
  std::sort(result.ns_per_id.begin(), result.ns_per_id.end());
  result.sequential_gb_per_s = sequential.best_gb_per_s();
  return {};
}

}  // namespace

Result<Measurement> measure(const WorkSpec& spec, const Table& table, size_t repeats, bool show_progress) {
  auto work = work_on(spec, table);
  if (!work) return pass(work);
  Measurement result;
  result.work = spec;
  result.rows = (*work)->table().rows();
  result.format = (*work)->table().format();
  result.threads = thread_count(spec.threads);
  if (auto done = run_repeats(**work, repeats, show_progress, result); !done) return pass(done);
  result.pieces = (*work)->table().internals().segments.size();
  result.residency = (*work)->table().residency();
  return result;
}

}  // namespace windrow::tools
