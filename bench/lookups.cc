#include <benchmark/benchmark.h>
#include <windrow/lookup.h>

#include <algorithm>

#include "lookup_case.h"
#include "shared_rows.h"

// pool and gather through the public call, validation included, on tables that are in memory.

using namespace windrow;

namespace {

constexpr size_t kIds = size_t{4} << 20;  // drawn in advance, so that every call has fresh ids

// Google Benchmark calls a benchmark several times; ids are drawn once for those that follow each other.
const std::vector<int64_t>& ids_for(const LookupCase& wanted) {
  static std::vector<int64_t> ids;
  static Stream stream;
  static int64_t rows = -1;
  if (rows != wanted.rows || stream != wanted.stream) {
    stream = wanted.stream;
    rows = wanted.rows;
    ids = draw_ids(stream, rows, kIds);
  }
  return ids;
}

Pooling pooling_of(Op op) {
  return op == Op::kMean ? Pooling::kMean : op == Op::kMax ? Pooling::kMax : Pooling::kSum;
}

void run(benchmark::State& state, const LookupCase& wanted) {
  const Table table =
      shared_table(wanted.format, wanted.rows, wanted.huge_pages, wanted.shards, wanted.base_offset);
  const auto& ids = ids_for(wanted);
  const auto dim = static_cast<size_t>(wanted.format.dim);
  const bool gathers = wanted.op == Op::kGather;
  const auto offsets = equal_offsets(wanted.batch, wanted.bag);
  const std::vector<float> weights(wanted.op == Op::kWeighted ? wanted.batch : 0, 0.5f);
  std::vector<float> out((gathers ? wanted.batch : offsets.size() - 1) * dim);
  LookupOptions options;
  options.threads = wanted.threads;
  if (wanted.padding) options.padding_id = 0;

  const double before = sequential_gb_per_s(wanted.table_bytes(), wanted.threads);
  size_t next = 0;
  for (auto _ : state) {
    Bags bags;
    bags.ids = std::span<const int64_t>(ids).subspan(next, wanted.batch);
    next = next + 2 * wanted.batch <= ids.size() ? next + wanted.batch : 0;
    bags.offsets = std::span<const int64_t>(offsets);
    bags.weights = weights;
    const auto done = gathers ? gather(table, bags.ids, RowsOut(out, dim), options)
                              : pool(table, bags, pooling_of(wanted.op), RowsOut(out, dim), options);
    if (!done) give_up(done.error().message);
  }
  const double limit = std::max(before, sequential_gb_per_s(wanted.table_bytes(), wanted.threads));

  using benchmark::Counter;
  const auto count = static_cast<double>(wanted.batch);
  const double gigabytes = count * static_cast<double>(wanted.format.row_bytes()) * 1e-9;
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(wanted.batch));
  state.counters["ns/id"] = Counter(count * 1e-9, Counter::kIsIterationInvariantRate | Counter::kInvert);
  state.counters["GB/s"] = Counter(gigabytes, Counter::kIsIterationInvariantRate);
  state.counters["of_sequential"] = Counter(gigabytes / limit, Counter::kIsIterationInvariantRate);
}

}  // namespace

void add_lookups(const std::vector<LookupCase>& cases) {
  for (const LookupCase& wanted : cases) {
    benchmark::RegisterBenchmark(wanted.name().c_str(),
                                 [wanted](benchmark::State& state) { run(state, wanted); })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
}
