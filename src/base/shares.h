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
  // Work of one kind, such as the bags of one table. Group g has bounds[g + 1] - bounds[g] elements; `bounds`
  // has groups + 1 entries, not decreasing. Costs are in any unit that all parts share, such as bytes:
  // `group_cost` is for what is done once per group.
  struct Part {
    std::span<const int64_t> bounds;
    int64_t element_cost = 1;
    int64_t group_cost = 1;

    size_t groups() const { return bounds.size() - 1; }
  };

  // `parts` is kept. For one thread nothing is allocated.
  Shares(std::span<const Part> parts, int threads);

  // Groups that follow each other in one part, none of them huge.
  struct Run {
    size_t part, begin, end;
    bool empty() const { return begin == end; }
  };
  // The runs of one thread, one after the other; an empty one is the end.
  Run first_run(int thread) const;
  Run next_run(int thread, const Run& run) const;

  struct Group {
    size_t part, group;
    auto operator<=>(const Group&) const = default;
  };
  // Ascending; fewer than the number of threads.
  std::span<const Group> huge() const { return huge_; }

 private:
  Run run_from(int thread, Group at) const;
  Group start_of(int thread) const {
    return starts_.empty() ? Group{0, 0} : starts_[static_cast<size_t>(thread)];
  }
  Group end_of(int thread) const {
    return starts_.empty() ? Group{parts_.size(), 0} : starts_[static_cast<size_t>(thread) + 1];
  }

  std::span<const Part> parts_;
  std::vector<Group> starts_;  // of each thread, and the end; empty for one thread
  std::vector<Group> huge_;
};

// The columns of one thread when `dim` columns are split among `threads`, at multiples of 16 (a cache line of
// floats): [begin, end), possibly empty.
struct Columns {
  size_t begin, end;
};
Columns columns_of(int thread, int threads, size_t dim);

}  // namespace windrow
