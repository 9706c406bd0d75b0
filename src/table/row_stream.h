#pragma once

#include <windrow/views.h>
#include <array>
#include <cstdint>

#include "kernels/rows.h"
#include "table/request.h"
#include "table/table_data.h"

namespace windrow {

// Locates the rows of a run of ids, a block at a time, always some rows beyond those handed out: so a kernel
// can prefetch row i + ahead while it reads row i, across the ends of bags. Ids were checked before. Lives on
// the stack of its thread; allocates nothing, but for the pages of a lazy table.
class RowStream {
 public:
  static constexpr size_t kMaxAhead = 256;
  static constexpr size_t kMaxRun = 256;

  struct Options {
    IdFilter filter = {};                 // positions that it does not use are left out ...
    const uint8_t* unused_row = nullptr;  // ... or, when this is set, stand for this row
    const uint8_t* unused_scales = nullptr;
    const float* weights = nullptr;  // one per position, or null
    size_t ahead = 0;                // at most kMaxAhead
    size_t max_run = kMaxRun;        // rows handed out at a time
    bool half_lines = false;         // see kernels::Rows
  };

  // Positions [begin, end) of `ids`.
  RowStream(const TableData& table, Ids ids, size_t begin, size_t end, const Options& options);
  RowStream(const RowStream&) = delete;
  RowStream& operator=(const RowStream&) = delete;

  struct Run {
    kernels::Rows rows;    // behind them `rows.ahead` more addresses may be prefetched
    const float* weights;  // for these rows, or null
  };
  // The next rows, at least one and at most `wanted`; `wanted` must not exceed what is left.
  Run next(size_t wanted);

  // Nothing is left but what is being fetched already.
  bool all_located() const { return position_ == end_; }

 private:
  static constexpr size_t kBlock = 256;
  using Addresses = std::array<const uint8_t*, kBlock + 2 * kMaxAhead>;

  void refill();
  Run next_whole(Run run);
  void page_in_ahead();
  // Locate at least one position and at most `room` rows, and set `tail_` and `position_`.
  template <class Id>
  void locate(const Id* ids, size_t room);
  template <class Id>
  void locate_used(const Id* ids, size_t room);
  template <class Id>
  void compact(const Id* ids, size_t room);

  const TableData& table_;
  Ids ids_;
  size_t position_, end_, paged_;
  Options options_;
  bool apart_;                  // scales are
  const uint8_t* base_;         // of a table with one segment, else null
  size_t head_ = 0, tail_ = 0;  // located and not yet handed out
  Addresses rows_, scales_;
  std::array<float, kBlock + kMaxAhead> weights_;
  // Of a table whose rows are read whole: copies of the rows of one run.
  std::array<const uint8_t*, kMaxRun> copied_at_;
  std::array<uint8_t, WholeRows::kMaxRowBytes> copied_;
};

// The options with which rows of this table are read: some 160 cache lines in flight. No rows ahead for
// tables that fit into the second-level cache, where prefetching only costs time.
RowStream::Options reading(const TableData& table, const IdFilter& filter);

}  // namespace windrow
