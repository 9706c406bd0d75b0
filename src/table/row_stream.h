#pragma once

#include <windrow/views.h>
#include <array>
#include <cstdint>
#include <optional>

#include "table/table_data.h"

namespace windrow {

// Locates the rows of a run of ids, a block at a time, always some rows beyond those handed out: so a kernel
// can prefetch row i + ahead while it reads row i, across the ends of bags. Ids were checked before. Lives on
// the stack of its thread; allocates nothing.
class RowStream {
 public:
  static constexpr size_t kMaxAhead = 256;

  struct Options {
    std::optional<int64_t> padding_id;     // positions with it are left out ...
    const uint8_t* padding_row = nullptr;  // ... or, when this is set, stand for this row
    const float* weights = nullptr;        // one per position, or null
    size_t ahead = 0;                      // at most kMaxAhead
  };

  // Positions [begin, end) of `ids`.
  RowStream(const TableData& table, Ids ids, size_t begin, size_t end, const Options& options);

  struct Run {
    const uint8_t* const* rows;  // `count` rows; up to `ahead` more addresses behind them may be prefetched
    const float* weights;        // for these rows, or null
    size_t count;
  };
  // The next rows, at least one and at most `wanted`; `wanted` must not exceed what is left.
  Run next(size_t wanted);

 private:
  static constexpr size_t kBlock = 256;

  void refill();
  template <class Id>
  void locate(const Id* ids, size_t room);
  const uint8_t* address(int64_t id) const;

  const TableData& table_;
  Ids ids_;
  size_t position_, end_;
  Options options_;
  const uint8_t* base_;  // of a table with one segment, else null
  size_t stride_;
  size_t head_ = 0, tail_ = 0;  // located and not yet handed out
  std::array<const uint8_t*, kBlock + 2 * kMaxAhead> rows_;
  std::array<float, kBlock + kMaxAhead> weights_;
};

// How many rows ahead to prefetch: some 256 cache lines in flight. 0 for tables that fit into the
// second-level cache, where it only costs time.
size_t rows_ahead(const TableData& table);

}  // namespace windrow
