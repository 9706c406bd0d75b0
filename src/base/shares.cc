#include "base/shares.h"

#include <algorithm>

namespace windrow {

Shares::Shares(std::span<const int64_t> bounds, int threads, int64_t group_cost) {
  const size_t groups = bounds.size() - 1;
  const int64_t elements = bounds[groups] - bounds[0];
  const auto cost_before = [&](size_t group) {
    return bounds[group] - bounds[0] + group_cost * static_cast<int64_t>(group);
  };
  if (threads > 1) {
    // More than a fair share: at most threads - 1 groups can be that big.
    const int64_t fair = std::max<int64_t>(1, elements / threads);
    for (size_t g = 0; g < groups; ++g) {
      if (bounds[g + 1] - bounds[g] > fair) huge_.push_back(g);
    }
  }
  // Huge groups weigh nothing here: everybody works on them.
  const auto shared_before = [&](size_t group) {
    int64_t cost = cost_before(group);
    for (const size_t g : huge_) {
      if (g < group) cost -= bounds[g + 1] - bounds[g] + group_cost;
    }
    return cost;
  };
  const int64_t total = shared_before(groups);
  starts_.push_back(0);
  for (int t = 1; t < threads; ++t) {
    const int64_t goal = total / threads * t + total % threads * t / threads;
    size_t low = starts_.back(), high = groups;  // the first group with `goal` or more before it
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      if (shared_before(middle) < goal)
        low = middle + 1;
      else
        high = middle;
    }
    starts_.push_back(low);
  }
  starts_.push_back(groups);
}

bool Shares::is_huge(size_t group) const {
  return std::binary_search(huge_.begin(), huge_.end(), group);
}

Columns columns_of(int thread, int threads, size_t dim) {
  constexpr size_t kLine = 16;
  const size_t lines = (dim + kLine - 1) / kLine;
  const size_t count = static_cast<size_t>(threads), t = static_cast<size_t>(thread);
  return {std::min(dim, lines * t / count * kLine), std::min(dim, lines * (t + 1) / count * kLine)};
}

}  // namespace windrow
