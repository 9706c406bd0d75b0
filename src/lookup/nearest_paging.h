#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "io/will_need.h"
#include "lookup/nearest_filter.h"
#include "table/page_in.h"
#include "table/table_data.h"

namespace windrow {

// Asks the system for the pages of rows that a search will read, for tables whose pages may be missing: such a mapping
// reads nothing ahead by itself.
class RowPager {
 public:
  RowPager(const TableData& table, const RowFilter& filter, int64_t portion_rows)
      : table_(table), filter_(filter), portion_rows_(portion_rows) {
    if (!filter.takes_all()) ids_.resize(static_cast<size_t>(portion_rows));
  }

  // Before rows [begin, end), a portion, are read by one of `threads` threads: those of the portion that comes when all
  // have read theirs. The first ones ask for their own, too.
  void ask_for(int64_t begin, int64_t end, int threads) {
    if (begin < filter_.begin() + portion_rows_ * threads) ask(begin, end);
    const int64_t later = begin + std::min(portion_rows_ * threads, filter_.end() - begin);
    ask(later, later + std::min(portion_rows_, filter_.end() - later));
  }

 private:
  void ask(int64_t begin, int64_t end) {
    if (begin >= end) return;
    if (filter_.takes_all()) return ask_for_all(begin, end);
    size_t count = 0;
    for (int64_t row = filter_.next(begin, end); row < end; row = filter_.next(row + 1, end))
      ids_[count++] = row;
    page_in(table_, Ids(std::span<const int64_t>(ids_)), 0, count);
  }

  void ask_for_all(int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end;) {
      const Segment& segment = table_.segment_of(row);
      const int64_t first = row - segment.first_row,
                    last = std::min(end - segment.first_row, segment.rows) - 1;
      const size_t stride = table_.format.stride_bytes;
      std::array<io::ByteRange, 2> ranges = {
          {{segment.base + static_cast<size_t>(first) * stride,
            static_cast<size_t>(last - first) * stride + table_.format.row_bytes()}}};
      const bool apart = table_.format.scale_place == RowFormat::ScalePlace::kApart;
      if (apart) {
        const uint8_t *from = segment.scales_of(first),
                      *to = segment.scales_of(last) + table_.format.scale_bytes();
        ranges[1] = {from, static_cast<size_t>(to - from)};
      }
      io::will_need(std::span(ranges).first(apart ? 2 : 1));
      row = segment.first_row + last + 1;
    }
  }

  const TableData& table_;
  const RowFilter& filter_;
  int64_t portion_rows_;
  std::vector<int64_t> ids_;
};

}  // namespace windrow
