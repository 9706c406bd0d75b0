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
  static constexpr size_t kSplitColumns = 16;  // a cache line of floats

  // Work of one kind, such as the bags of one table. Group g has bounds[g + 1] - bounds[g] elements; `bounds`
  // has groups + 1 entries, not decreasing. Costs are in any unit that all parts share, such as bytes:
  // `group_cost` is for what is done once per group.
  struct Part {
    std::span<const int64_t> bounds;
    int64_t element_cost = 1;
    int64_t group_cost = 1;
    // Columns of a row: huge groups are split at multiples of kSplitColumns.
    size_t columns = 1;

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

  // The columns of one thread in number `h` of the huge groups, possibly none: narrow rows have fewer pieces
  // than there are threads, and go to those that have least to do.
  struct Columns {
    size_t begin, end;
    bool empty() const { return begin == end; }
  };
  Columns columns_of(int thread, size_t h) const;

 private:
  Run run_from(int thread, Group at) const;
  Group start_of(int thread) const {
    return starts_.empty() ? Group{0, 0} : starts_[static_cast<size_t>(thread)];
  }
  Group end_of(int thread) const {
    return starts_.empty() ? Group{parts_.size(), 0} : starts_[static_cast<size_t>(thread) + 1];
  }

  void find_huge(int64_t fair);
  void deal_pieces(size_t h);
  void share_out(int threads);

  std::span<const Part> parts_;
  int threads_;
  std::vector<Group> starts_;  // of each thread, and the end; empty for one thread
  std::vector<Group> huge_;
  std::vector<int> piece_of_;     // for each of huge_ and each thread, the number of its piece, or -1
  std::vector<int64_t> charged_;  // what the pieces of each thread cost
};

}  // namespace windrow
