#pragma once

#include <cstddef>
#include <cstdint>

namespace windrow::tools {

// How fast this machine reads the rows of a mapping from front to back: the limit that lookups in random
// order are compared with. Three ways of reading are tried, since machines differ in which they like best.
class SequentialRead {
 public:
  SequentialRead(const void* rows, size_t bytes, int threads);

  // Reads everything once, untimed, so that its pages are there.
  void touch() const;
  // One timed stretch per way of reading. Called in turn with what is to be compared, so that both meet the
  // same state of a shared machine.
  void measure();
  // The best so far; bytes per nanosecond.
  double best_gb_per_s() const { return best_; }

 private:
  const uint8_t* begin_;
  size_t bytes_;
  int threads_;
  size_t next_ = 0;  // where the next stretch starts
  double best_ = 0;
};

}  // namespace windrow::tools
