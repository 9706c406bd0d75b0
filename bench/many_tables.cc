#include <benchmark/benchmark.h>
#include <windrow/pool_many.h>

#include "base/fail.h"
#include "lookup_case.h"
#include "shared_rows.h"

// A recommender's request: the bags of hundreds of tables, by one pool_many() or by a pool() for each table. All
// tables are f32 x 64 with 16,384 rows, 1 GiB together.

using namespace windrow;

namespace {

constexpr int64_t kTables = 256;
constexpr int64_t kRows = 16'384;
constexpr int64_t kDim = 64;
constexpr size_t kSets = 16;  // of ids, used in turn

struct ManyCase {
  bool one_call;
  size_t batch;  // bags of each table
  size_t bag;
  int threads;
};

std::vector<Table> make_tables() {
  const auto format = RowFormat::f32(kDim);
  const Table whole = shared_table(format, kTables * kRows);
  std::vector<Table> tables;
  for (int64_t t = 0; t < kTables; ++t) {
    auto table = Table::wrap(whole.row(t * kRows), kRows, format);
    if (!table) give_up(table.error().message);
    tables.push_back(*table);
  }
  return tables;
}

void run(benchmark::State& state, const ManyCase& wanted) {
  const auto tables = make_tables();
  const size_t ids_each = wanted.batch * wanted.bag;
  const auto ids = draw_ids(Stream::kUniform, kRows, kSets * tables.size() * ids_each);
  const auto offsets = equal_offsets(ids_each, wanted.bag);
  const size_t dim = kDim;
  std::vector<float> out(tables.size() * wanted.batch * dim);
  std::vector<std::vector<PoolRequest>> sets(kSets);
  for (size_t s = 0; s < kSets; ++s) {
    for (size_t t = 0; t < tables.size(); ++t) {
      PoolRequest request;
      request.table = &tables[t];
      request.bags.ids = std::span<const int64_t>(ids).subspan((s * tables.size() + t) * ids_each, ids_each);
      request.bags.offsets = std::span<const int64_t>(offsets);
      request.out = RowsOut(std::span(out).subspan(t * wanted.batch * dim, wanted.batch * dim), dim);
      sets[s].push_back(request);
    }
  }
  LookupOptions options;
  options.threads = wanted.threads;
  size_t turn = 0;
  bool good = true;
  for (auto _ : state) {
    const auto& requests = sets[turn++ % kSets];
    if (wanted.one_call) {
      good &= pool_many(requests, options).has_value();
    } else {
      for (const PoolRequest& request : requests) {
        good &= pool(*request.table, request.bags, request.pooling, request.out, options).has_value();
      }
    }
  }
  if (!good) give_up("a lookup failed");
  const auto count = static_cast<double>(tables.size() * ids_each);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(tables.size() * ids_each));
  state.counters["ns/id"] = benchmark::Counter(
      count * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void add(const ManyCase& wanted) {
  benchmark::RegisterBenchmark(
      concat("pool_many/f32/dim:", kDim, "/tables:", kTables, "/batch:", wanted.batch, "/bag:", wanted.bag,
             wanted.one_call ? "/by:one_call" : "/by:loop", "/threads:", wanted.threads)
          .c_str(),
      [wanted](benchmark::State& state) { run(state, wanted); })
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
}

}  // namespace

void add_many_tables(int all_threads) {
  for (const int threads : {1, all_threads}) {
    for (const bool one_call : {true, false}) add({one_call, 1, 20, threads});   // one user
    for (const bool one_call : {true, false}) add({one_call, 128, 4, threads});  // a batch of them
    if (all_threads == 1) break;
  }
}
