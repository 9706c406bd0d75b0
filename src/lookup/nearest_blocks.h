#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "kernels/rows.h"
#include "kernels/scan.h"
#include "lookup/nearest_filter.h"
#include "table/table_data.h"

namespace windrow {

// The rows of a part of a table that pass a filter, block by block, as kernels take them: with the addresses of the next
// block behind those of this one, so that its rows can be fetched meanwhile.
class RowBlocks {
 public:
  struct Block {
    std::span<const int64_t> ids;
    const uint8_t* const* rows;    // as many as padded(): the last is repeated; and as many again ahead
    const uint8_t* const* scales;  // likewise, or null

    size_t padded() const {
      return (ids.size() + kernels::kScanRows - 1) / kernels::kScanRows * kernels::kScanRows;
    }
  };

  // `block_rows`: a multiple of kernels::kScanRows, at most kernels::kMaxRows.
  RowBlocks(const TableData& table, const RowFilter& filter, size_t block_rows)
      : table_(table),
        filter_(filter),
        block_rows_(block_rows),
        apart_(table.format.scale_place == RowFormat::ScalePlace::kApart) {}

  // Begins anew, with rows [begin, end) of the table.
  void restart(int64_t begin, int64_t end) {
    at_ = begin;
    end_ = end;
    segment_end_ = begin;
    fresh_ = 0;
    ahead_ = locate(0);
  }

  // Until the next call; without rows at the end.
  Block next() {
    const size_t count = ahead_;
    if (fresh_ != 0) {  // the block ahead becomes this one
      std::copy_n(ids_.data() + fresh_, count, ids_.data());
      std::copy_n(rows_.data() + fresh_, count, rows_.data());
      if (apart_) std::copy_n(scales_.data() + fresh_, count, scales_.data());
    }
    Block block{{ids_.data(), count}, rows_.data(), apart_ ? scales_.data() : nullptr};
    fresh_ = block.padded();
    if (count == 0) return block;
    repeat_last(count, fresh_);
    ahead_ = locate(fresh_);
    repeat_last(fresh_ + ahead_, 2 * fresh_);
    return block;
  }

 private:
  // Writes up to block_rows_ rows to place `to`; returns how many.
  size_t locate(size_t to) {
    size_t count = 0;
    for (; count < block_rows_; ++count, ++at_) {
      at_ = filter_.next(at_, end_);
      if (at_ >= end_) break;
      if (at_ >= segment_end_) {
        segment_ = &table_.segment_of(at_);
        segment_end_ = segment_->first_row + segment_->rows;
      }
      const int64_t row = at_ - segment_->first_row;
      ids_[to + count] = at_;
      rows_[to + count] = segment_->base + static_cast<size_t>(row) * table_.format.stride_bytes;
      if (apart_) scales_[to + count] = segment_->scales_of(row);
    }
    return count;
  }

  void repeat_last(size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) {
      rows_[i] = rows_[from - 1];
      if (apart_) scales_[i] = scales_[from - 1];
    }
  }

  const TableData& table_;
  const RowFilter& filter_;
  const size_t block_rows_;
  const bool apart_;
  int64_t at_ = 0, end_ = 0, segment_end_ = 0;
  const Segment* segment_ = nullptr;
  size_t ahead_ = 0;  // rows of the block ahead,
  size_t fresh_ = 0;  // which begin here
  std::array<int64_t, 2 * kernels::kMaxRows> ids_;
  std::array<const uint8_t*, 2 * kernels::kMaxRows> rows_;
  std::array<const uint8_t*, 2 * kernels::kMaxRows> scales_;
};

}  // namespace windrow
