#include <algorithm>
#include <limits>
#include <vector>

#include "base/fail.h"
#include "base/guard.h"
#include "base/parallel.h"
#include "base/shares.h"
#include "kernels/winners.h"
#include "table/float_rows.h"
#include "lookup/lookup_threads.h"
#include "lookup/pool_work.h"
#include "lookup/value_rows.h"
#include "table/request.h"
#include "table/whole_check.h"

namespace windrow {

namespace {

// The memory of each thread: rows decoded, the maximum of a bag and the places it comes from.
struct WinnerMemory {
  std::vector<float> decoded;
  std::vector<float> best;
  std::vector<uint32_t> places;
};

struct WinnerWork {
  const PoolWork& pool;
  std::span<int64_t> winners;
  kernels::FindWinnersFn kernel;
};

// Columns of one bag: the maximum into `best`, and for each the place in the bag that it comes from. False
// when no id of the bag is used.
bool find_winners(const WinnerWork& work, const FloatRows& floats, size_t bag, Shares::Columns columns,
                  float* best, uint32_t* places) {
  const PoolWork& pool = work.pool;
  const auto begin = static_cast<size_t>(pool.bounds[bag]), end = static_cast<size_t>(pool.bounds[bag + 1]);
  auto left = static_cast<size_t>(pool.located.filter.count(pool.ids, begin, end));
  if (left == 0) return false;
  RowStream stream(*pool.table, pool.ids, begin, end, pool.located);
  uint32_t run_places[RowStream::kMaxRun];
  bool begins = true;
  for (size_t at = begin; left > 0; begins = false) {
    const kernels::Rows run = stream.next(left).rows;
    for (size_t i = 0; i < run.count; ++at) {
      if (pool.located.filter.used(pool.ids[at])) run_places[i++] = static_cast<uint32_t>(at - begin);
    }
    const auto* const* rows = floats.of(run);
    work.kernel({rows, run_places, run.count, begins}, columns.begin, columns.end, best, places);
    left -= run.count;
  }
  return true;
}

void pool_bag(const WinnerWork& work, WinnerMemory& memory, int thread, size_t bag, Shares::Columns columns) {
  if (columns.empty()) return;
  const PoolWork& pool = work.pool;
  const size_t dim = pool.dim();
  float* best = memory.best.data() + static_cast<size_t>(thread) * dim;
  uint32_t* places = memory.places.data() + static_cast<size_t>(thread) * dim;
  const FloatRows floats(*pool.table, memory.decoded, thread);
  const bool found = find_winners(work, floats, bag, columns, best, places);
  if (!found) std::fill(best + columns.begin, best + columns.end, 0.0f);
  for (size_t c = columns.begin; c < columns.end; ++c) {
    work.winners[bag * dim + c] = found ? pool.ids[static_cast<size_t>(pool.bounds[bag]) + places[c]] : -1;
  }
  uint8_t* out = row_of(pool.out, bag, columns.begin);
  const size_t count = columns.end - columns.begin;
  if (pool.encode)
    pool.encode(best + columns.begin, count, out);
  else
    std::copy_n(best + columns.begin, count, reinterpret_cast<float*>(out));
}

}  // namespace

Result<LookupReport> pool_max(const Table& table, const Bags& bags, RowsOut out, std::span<int64_t> winners,
                              const LookupOptions& options) {
  return guard([&]() -> Result<LookupReport> {
    BagOffsets offsets;
    if (auto read = offsets.read(bags); !read) return pass(read);
    PoolWork pool;
    if (auto taken = pool.take({&table, bags, Pooling::kMax, out}, offsets.bounds(), options); !taken)
      return pass(taken);
    if (winners.size() != pool.bags() * pool.dim()) {
      return fail(ErrorCode::kInvalidArgument, "winners: holds ", winners.size(), " entries for ",
                  pool.bags(), " bags of dim ", pool.dim(), ", and must hold one for each column of each");
    }
    pool.located = FloatRows::reading_for(*pool.table, pool.located.filter);
    if (pool.id_count() > std::numeric_limits<uint32_t>::max()) {
      return fail(ErrorCode::kInvalidArgument, pool.id_count(),
                  " ids; at most 2^32 - 1 are possible with winners");
    }
    const Team team(lookup_threads(options.threads, pool.id_count(), pool.cost_bytes()));
    const size_t floats = static_cast<size_t>(team.size()) * pool.dim();
    WinnerMemory memory{std::vector<float>(FloatRows::memory_for(*pool.table, team.size())), std::vector<float>(floats),
                        std::vector<uint32_t>(floats)};
    const WholeCheck whole(*pool.table);
    const WinnerWork work{pool, winners, kernels::find_winners()};
    const Shares::Part part = pool.as_part();
    const Shares shares({&part, 1}, team.size());
    team.run(team.size(), [&](int thread) {
      for (size_t h = 0; h < shares.huge().size(); ++h)
        pool_bag(work, memory, thread, shares.huge()[h].group, pool.columns_of(shares.columns_of(thread, h)));
      for (auto run = shares.first_run(thread); !run.empty(); run = shares.next_run(thread, run)) {
        for (size_t bag = run.begin; bag < run.end; ++bag)
          pool_bag(work, memory, thread, bag, {0, pool.dim()});
      }
    });
    if (auto read = whole.end(); !read) return pass(read);
    return LookupReport{pool.skipped_ids};
  });
}

}  // namespace windrow
