#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace windrow {

// How work that comes in groups (the ids of a bag, the occurrences of a row) is shared among threads by the
// bytes to be read. A group so big that it would keep one thread busy while others wait is "huge": all
// threads work on it, each on columns of its own. Columns are independent, so the result does not depend on
// the sharing.
class Shares {
 public:
  // Group g has bounds[g + 1] - bounds[g] elements; `bounds` has groups + 1 entries, not decreasing. Each
  // group also counts as `group_cost` elements, for what is done once per group.
  Shares(std::span<const int64_t> bounds, int threads, int64_t group_cost);

  // The groups of one thread, huge ones among them, to be skipped there.
  struct Range {
    size_t begin, end;
  };
  Range groups_of(int thread) const { return {starts_[thread], starts_[thread + 1]}; }

  // Ascending; fewer than the number of threads.
  std::span<const size_t> huge() const { return huge_; }
  bool is_huge(size_t group) const;

 private:
  std::vector<size_t> starts_;
  std::vector<size_t> huge_;
};

// The columns of one thread when `dim` columns are split among `threads`, at multiples of 16 (a cache line of
// floats): [begin, end), possibly empty.
struct Columns {
  size_t begin, end;
};
Columns columns_of(int thread, int threads, size_t dim);

}  // namespace windrow
