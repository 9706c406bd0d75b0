#include "train/max_winners.h"

#include <algorithm>
#include <atomic>

#include "base/checked.h"
#include "base/parallel.h"
#include "base/prefetch.h"
#include "base/shares.h"
#include "kernels/winners.h"
#include "table/float_rows.h"
#include "table/table_data.h"
#include "train/chunks.h"

namespace windrow {

namespace {

// Rows of the next bag fetched while a bag is searched: those of a longer bag come too late to be worth it.
constexpr size_t kPrefetchedRows = 64;

}  // namespace

void MaxWinners::reserve(const TableData& table, size_t ids, std::span<const int64_t> bounds, int threads) {
  dim_ = static_cast<size_t>(table.format.dim);
  positions_ = ids;
  grow(winners_, (bounds.size() - 1) * dim_);
  grow(wins_, positions_);
  grow(rows_, positions_);
  grow(places_, positions_);
  best_stride_ = round_up(dim_, kCacheLine / sizeof(float));  // threads keep out of one another's lines
  grow(best_, static_cast<size_t>(threads) * best_stride_);
  grow(decoded_, FloatRows::memory_for(table, threads));
}

void MaxWinners::find(const TableData& table, Ids ids, std::span<const int64_t> bounds,
                      const IdFilter& filter, int threads) {
  const Shares::Part part{bounds, 1, 1, dim_};
  const Shares shares({&part, 1}, threads);
  const auto kernel = kernels::find_winners();

  // Collects the rows of a bag; returns how many there are.
  const auto locate = [&](size_t bag, bool fetch) {
    const auto begin = static_cast<size_t>(bounds[bag]), end = static_cast<size_t>(bounds[bag + 1]);
    size_t used = begin;
    for (size_t i = begin; i < end; ++i) {
      wins_[i] = 0;
      const int64_t id = ids[i];
      if (!filter.used(id)) continue;
      rows_[used] = table.row(id);
      places_[used] = static_cast<uint32_t>(i - begin);
      if (fetch && used - begin < kPrefetchedRows) prefetch_range(rows_[used], table.format.row_bytes());
      ++used;
    }
    return used - begin;
  };
  const auto search = [&](size_t bag, size_t used, Shares::Columns columns, int thread) {
    if (used == 0 || columns.empty()) return;
    const auto begin = static_cast<size_t>(bounds[bag]);
    uint32_t* winners = winners_.data() + bag * dim_;
    float* best = best_.data() + static_cast<size_t>(thread) * best_stride_;
    const FloatRows floats(table, decoded_, thread);
    const size_t at_a_time = floats.decodes() ? FloatRows::rows_at_a_time(table) : used;
    for (size_t k = 0; k < used; k += at_a_time) {
      const kernels::Rows rows{rows_.data() + begin + k, nullptr, std::min(at_a_time, used - k), 0};
      kernel({floats.of(rows), places_.data() + begin + k, rows.count, k == 0}, columns.begin, columns.end,
             best, winners);
    }
    for (size_t c = columns.begin; c < columns.end; ++c) {
      // Threads that share a huge bag may name the same position.
      std::atomic_ref(wins_[begin + winners[c]]).store(1, std::memory_order_relaxed);
    }
  };

  // All threads search the columns of a huge bag, so its rows are collected before.
  std::vector<size_t> used_of_huge;
  for (const auto& huge : shares.huge()) used_of_huge.push_back(locate(huge.group, false));
  parallel(threads, [&](int t) {
    for (size_t h = 0; h < used_of_huge.size(); ++h)
      search(shares.huge()[h].group, used_of_huge[h], shares.columns_of(t, h), t);
    for (auto run = shares.first_run(t); !run.empty(); run = shares.next_run(t, run)) {
      size_t used = locate(run.begin, true);
      for (size_t bag = run.begin; bag < run.end; ++bag) {
        const size_t used_of_next = bag + 1 < run.end ? locate(bag + 1, true) : 0;
        search(bag, used, {0, dim_}, t);
        used = used_of_next;
      }
    }
  });
}

}  // namespace windrow
