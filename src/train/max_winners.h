#pragma once

#include <windrow/views.h>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "table/request.h"

namespace windrow {

struct TableData;

// Which position of each bag won each column of a maximum, found by pooling once more.
class MaxWinners {
 public:
  // Makes room. May throw bad_alloc.
  void reserve(const TableData& table, size_t ids, std::span<const int64_t> bounds, int threads);
  // The bags of a checked request; `table` is one segment. May throw bad_alloc for more than one thread.
  void find(const TableData& table, Ids ids, std::span<const int64_t> bounds, const IdFilter& filter,
            int threads);

  // For each column of `bag` the place (position within the bag) that won it; meaningless for a bag without
  // used ids.
  const uint32_t* of_bag(size_t bag) const { return winners_.data() + bag * dim_; }
  // For each position whether it won a column.
  std::span<const uint8_t> wins() const { return std::span(wins_).first(positions_); }

 private:
  size_t dim_ = 0;
  size_t positions_ = 0;
  size_t best_stride_ = 0;
  std::vector<uint32_t> winners_;
  std::vector<float> best_;     // one row per thread
  std::vector<float> decoded_;  // FloatRows of each thread
  std::vector<uint8_t> wins_;
  std::vector<const uint8_t*> rows_;  // of the used positions of each bag, from where the bag begins
  std::vector<uint32_t> places_;      // likewise
};

}  // namespace windrow
