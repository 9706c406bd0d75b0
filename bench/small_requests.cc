#include <benchmark/benchmark.h>
#include <windrow/lookup.h>

#include <algorithm>
#include <cstring>

#include "base/fail.h"
#include "lookup_case.h"
#include "shared_rows.h"

// Requests of 1 to 64 ids, one bag each, as a server makes them: what a call costs beside the loop that one would
// write by hand. Warm: a table inside the second-level cache. Cold: 2.56 GB, so that every row comes from memory.
// (The code itself, and the request, are warm in both.)

using namespace windrow;

namespace {

constexpr int64_t kDim = 64;
constexpr int64_t kWarmRows = 1'000;
constexpr int64_t kColdRows = 10'000'000;

// The obvious loops, compiled as any program is that is not built for one machine. They check ids, too.
[[gnu::noinline]] bool loop_sum(const float* rows, int64_t row_count, size_t dim,
                                std::span<const int64_t> ids, float* out) {
  std::fill_n(out, dim, 0.0f);
  for (const int64_t id : ids) {
    if (id < 0 || id >= row_count) return false;
    const float* row = rows + static_cast<size_t>(id) * dim;
    for (size_t c = 0; c < dim; ++c) out[c] += row[c];
  }
  return true;
}

[[gnu::noinline]] bool loop_gather(const float* rows, int64_t row_count, size_t dim,
                                   std::span<const int64_t> ids, float* out) {
  for (const int64_t id : ids) {
    if (id < 0 || id >= row_count) return false;
    std::memcpy(out, rows + static_cast<size_t>(id) * dim, dim * sizeof(float));
    out += dim;
  }
  return true;
}

struct SmallCase {
  bool gathers;
  bool by_hand;
  size_t ids;
  int64_t rows;
};

void run(benchmark::State& state, const SmallCase& wanted) {
  const Table table = shared_table(RowFormat::f32(kDim), wanted.rows);
  const auto* rows = reinterpret_cast<const float*>(table.data());
  static const auto warm_ids = draw_ids(Stream::kUniform, kWarmRows, 1 << 14);
  static const auto cold_ids = draw_ids(Stream::kUniform, kColdRows, 1 << 22);
  const auto& ids = wanted.rows == kWarmRows ? warm_ids : cold_ids;
  const size_t dim = kDim;
  std::vector<float> out(wanted.ids * dim);
  const int64_t offsets[] = {0, static_cast<int64_t>(wanted.ids)};
  size_t next = 0;
  bool good = true;
  for (auto _ : state) {
    const auto request = std::span<const int64_t>(ids).subspan(next, wanted.ids);
    next = next + 2 * wanted.ids <= ids.size() ? next + wanted.ids : 0;
    if (wanted.by_hand) {
      good &= wanted.gathers ? loop_gather(rows, wanted.rows, dim, request, out.data())
                             : loop_sum(rows, wanted.rows, dim, request, out.data());
    } else if (wanted.gathers) {
      good &= gather(table, request, RowsOut(out, dim)).has_value();
    } else {
      Bags bags;
      bags.ids = request;
      bags.offsets = std::span<const int64_t>(offsets);
      good &= pool(table, bags, Pooling::kSum, RowsOut(std::span(out).first(dim), dim)).has_value();
    }
    benchmark::ClobberMemory();
  }
  if (!good) give_up("a lookup failed");
  state.counters["ns/id"] =
      benchmark::Counter(static_cast<double>(wanted.ids) * 1e-9,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

}  // namespace

void add_small_requests() {
  for (const bool gathers : {false, true}) {
    for (const int64_t rows : {kWarmRows, kColdRows}) {
      for (const size_t ids : {1, 4, 16, 64}) {
        for (const bool by_hand : {false, true}) {
          const SmallCase wanted{gathers, by_hand, ids, rows};
          benchmark::RegisterBenchmark(
              concat("small_", gathers ? "gather" : "sum", "/f32/dim:", kDim, "/rows:", rows, "/ids:", ids,
                     by_hand ? "/by:loop" : "/by:windrow")
                  .c_str(),
              [wanted](benchmark::State& state) { run(state, wanted); });
        }
      }
    }
  }
}
