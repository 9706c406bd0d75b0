#pragma once

#include <windrow/table.h>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace windrow::tools {

// How fast this machine reads the rows of a table from front to back, piece after piece: the limit that lookups in random
// order are compared with. Three ways of reading are tried, since machines differ in which they like best.
class SequentialRead {
 public:
  SequentialRead(const Table& table, int threads);
  SequentialRead(const void* rows, size_t bytes, int threads);

  // Whole cache lines that can be read. With 0, as of a row or two of a few bytes, there is nothing to measure.
  size_t bytes() const { return bytes_; }

  // Reads everything once, untimed, so that its pages are there.
  void touch() const;
  // One timed stretch per way of reading. Called in turn with what is to be compared, so that both meet the
  // same state of a shared machine.
  void measure();
  // The best so far; bytes per nanosecond. 0 before the first, and with nothing to measure.
  double best_gb_per_s() const { return best_; }

 private:
  using Ranges = std::vector<std::span<const uint8_t>>;

  void add(const uint8_t* begin, size_t bytes);
  // `bytes` bytes of the ranges in a row, from byte `at` on.
  Ranges stretch_at(size_t at, size_t bytes) const;

  Ranges ranges_;     // whole cache lines each
  size_t bytes_ = 0;  // of all ranges
  int threads_;
  size_t next_ = 0;  // where the next stretch starts
  double best_ = 0;
};

}  // namespace windrow::tools
