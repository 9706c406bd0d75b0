// nearest() on rows in memory.
//
//   nearest_bench --benchmark_filter=REGEX      nearest/cosine/f32/dim:100/rows:1000000/queries:1/threads:2
//
// In every iteration a search and a read of the same memory from front to back take turns. Counters, from medians: ns/row
// (all queries together), GB (of rows) a second, and `of_limit`, the share of what that read reached in the same run.

#include <benchmark/benchmark.h>
#include <windrow/nearest.h>
#include <windrow/version.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>

#include "base/parallel.h"
#include "shared_rows.h"

using namespace windrow;

namespace {

struct NearestCase {
  Similarity similarity = Similarity::kCosine;
  RowFormat format;
  int64_t rows = 1'000'000;
  size_t queries = 1;
  int threads = 1;

  std::string name() const {
    const char* const similarities[] = {"cosine", "dot", "l2"};
    return std::string("nearest/") + similarities[static_cast<size_t>(similarity)] + "/" +
           std::string(row_format_name(format.kind)) + "/dim:" + std::to_string(format.dim) +
           "/rows:" + std::to_string(rows) + "/queries:" + std::to_string(queries) +
           "/threads:" + std::to_string(threads);
  }
  double bytes() const { return static_cast<double>(rows) * static_cast<double>(format.row_bytes()); }
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void run(benchmark::State& state, const NearestCase& wanted) {
  const Table table = shared_table(wanted.format, wanted.rows);
  const auto dim = static_cast<size_t>(wanted.format.dim);
  std::mt19937_64 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> queries(wanted.queries * dim);
  for (float& value : queries) value = normal(random);
  const NearestOptions options{.similarity = wanted.similarity, .threads = wanted.threads};

  std::vector<double> times, limits;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    const auto found = nearest(table, RowsIn(queries, dim), 10, options);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    if (!found) give_up(found.error().message);
    benchmark::DoNotOptimize(found->front().front());
    state.SetIterationTime(elapsed.count());
    times.push_back(elapsed.count() * 1e9);
    limits.push_back(sequential_gb_per_s(static_cast<size_t>(wanted.bytes()), wanted.threads));
  }
  state.SetItemsProcessed(state.iterations() * wanted.rows);
  const double gb_per_s = wanted.bytes() / median(times);
  state.counters["ns/row"] = median(times) / static_cast<double>(wanted.rows);
  state.counters["GB/s"] = gb_per_s;
  state.counters["of_limit"] = gb_per_s / median(limits);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::AddCustomContext("simd_target", simd_target());
  std::vector<NearestCase> cases;
  std::vector<int> threads = {1};
  if (thread_count(0) > 1) threads.push_back(thread_count(0));
  for (const int count : threads) {
    for (const auto similarity : {Similarity::kCosine, Similarity::kDot, Similarity::kL2}) {
      for (const auto& format : {RowFormat::f32(100), RowFormat::f16(100), RowFormat::int8(100), RowFormat::int4(100)}) {
        for (const size_t queries : {1, 8, 64}) cases.push_back({similarity, format, 1'000'000, queries, count});
      }
    }
    cases.push_back({Similarity::kCosine, RowFormat::f32(300), 1'000'000, 1, count});
    cases.push_back({Similarity::kCosine, RowFormat::f32(64), 10'000, 1, count});  // in the second-level cache, for a start
  }
  for (const NearestCase& wanted : cases) {
    benchmark::RegisterBenchmark(wanted.name().c_str(), [wanted](benchmark::State& state) { run(state, wanted); })
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  }
  benchmark::RunSpecifiedBenchmarks();
}
