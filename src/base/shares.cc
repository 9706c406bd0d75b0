#include "base/shares.h"

#include <algorithm>

namespace windrow {

namespace {

int64_t elements_before(const Shares::Part& part, size_t group) {
  return part.bounds[group] - part.bounds[0];
}

// What the groups before `group` cost.
int64_t cost_before(const Shares::Part& part, size_t group) {
  return elements_before(part, group) * part.element_cost + static_cast<int64_t>(group) * part.group_cost;
}

}  // namespace

Shares::Shares(std::span<const Part> parts, int threads) : parts_(parts) {
  if (threads <= 1) return;
  int64_t elements = 0;
  for (const Part& part : parts) elements += elements_before(part, part.groups()) * part.element_cost;
  // More than a fair share: at most threads - 1 groups can be that big.
  const int64_t fair = std::max<int64_t>(1, elements / threads);
  for (size_t p = 0; p < parts.size(); ++p) {
    const Part& part = parts[p];
    for (size_t g = 0; g < part.groups(); ++g) {
      if ((part.bounds[g + 1] - part.bounds[g]) * part.element_cost > fair) huge_.push_back({p, g});
    }
  }
  // Huge groups weigh nothing here: everybody works on them.
  const auto shared_before = [&](size_t p, size_t group) {
    int64_t cost = cost_before(parts[p], group);
    for (const Group& huge : huge_) {
      if (huge.part != p || huge.group >= group) continue;
      cost -= cost_before(parts[p], huge.group + 1) - cost_before(parts[p], huge.group);
    }
    return cost;
  };
  int64_t total = 0;
  for (size_t p = 0; p < parts.size(); ++p) total += shared_before(p, parts[p].groups());

  starts_.push_back({0, 0});
  size_t p = 0;
  int64_t before = 0;  // what the parts before p cost
  for (int t = 1; t < threads; ++t) {
    const int64_t goal = total / threads * t + total % threads * t / threads;
    for (; p < parts.size(); ++p) {
      const int64_t cost = shared_before(p, parts[p].groups());
      if (before + cost >= goal) break;
      before += cost;
    }
    if (p == parts.size()) {
      starts_.push_back({p, 0});
      continue;
    }
    // The first group with `goal` or more before it.
    size_t low = starts_.back().part == p ? starts_.back().group : 0, high = parts[p].groups();
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      if (before + shared_before(p, middle) < goal)
        low = middle + 1;
      else
        high = middle;
    }
    starts_.push_back({p, low});
  }
  starts_.push_back({parts.size(), 0});
}

Shares::Run Shares::run_from(int thread, Group at) const {
  const Group end = end_of(thread);
  while (at < end) {
    const size_t groups = parts_[at.part].groups();
    const size_t stop = at.part == end.part ? end.group : groups;
    const auto huge = std::lower_bound(huge_.begin(), huge_.end(), at);
    const bool huge_here = huge != huge_.end() && huge->part == at.part && huge->group < stop;
    const Run run{at.part, at.group, huge_here ? huge->group : stop};
    if (!run.empty()) return run;
    at = huge_here ? Group{at.part, at.group + 1} : Group{at.part + 1, 0};
  }
  return {end.part, 0, 0};
}

Shares::Run Shares::first_run(int thread) const {
  return run_from(thread, start_of(thread));
}

Shares::Run Shares::next_run(int thread, const Run& run) const {
  return run_from(thread, {run.part, run.end});
}

Columns columns_of(int thread, int threads, size_t dim) {
  constexpr size_t kLine = 16;
  const size_t lines = (dim + kLine - 1) / kLine;
  const size_t count = static_cast<size_t>(threads), t = static_cast<size_t>(thread);
  return {std::min(dim, lines * t / count * kLine), std::min(dim, lines * (t + 1) / count * kLine)};
}

}  // namespace windrow
