#pragma once

#include <windrow/error.h>
#include <windrow/views.h>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "table/request.h"
#include "train/radix_sort.h"

namespace windrow {

// Which positions of a request contribute to the gradient, and what names the contribution of each.
struct Positions {
  Ids ids;  // all in range, but for those that are not used
  IdFilter filter;
  // Not empty: the source of a position is its bag, which saves arrays per position; else the position
  // itself.
  std::span<const int64_t> bag_bounds;
};

// Brings the occurrences of each row together: rows ascending, the occurrences of a row by position.
//
// An occurrence is one 64-bit key, the row in its upper bits and the source in its lower ones. Keys are made
// in the order of positions and sorted by their row bits alone, which keeps that order.
class Coalescer {
 public:
  // Makes room. kInvalidArgument when row and source do not fit into a key. May throw bad_alloc.
  Result<void> reserve(const Positions& positions, int64_t table_rows, int threads);
  // With the threads that there is room for.
  void run(const Positions& positions, int threads);
  // Keeps of the occurrences those with keep[source] != 0. Their sources are positions.
  void keep(std::span<const uint8_t> keep);

  size_t occurrences() const { return occurrences_; }
  size_t rows() const { return rows_; }  // distinct ones
  // rows() + 1 entries: the occurrences of the r-th distinct row are [bounds[r], bounds[r + 1]).
  std::span<const int64_t> bounds() const { return std::span(bounds_).first(rows_ + 1); }

  int64_t row(size_t r) const {
    return static_cast<int64_t>(keys_[static_cast<size_t>(bounds_[r])] >> source_bits_);
  }
  uint64_t source(size_t occurrence) const { return keys_[occurrence] & source_mask_; }

 private:
  void make_keys(const Positions& positions, int threads);
  void find_rows(int threads);
  void sum_up(int threads);

  int row_bits_ = 0;
  int source_bits_ = 0;
  uint64_t source_mask_ = 0;
  size_t occurrences_ = 0;
  size_t rows_ = 0;
  std::vector<uint64_t> keys_, spare_;
  std::vector<int64_t> bounds_;
  std::vector<size_t> thread_counts_;  // entry t + 1 is of thread t
  RadixSort sort_;
};

}  // namespace windrow
