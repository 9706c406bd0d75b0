#include "base/shares.h"

#include <algorithm>
#include <numeric>

namespace windrow {

namespace {

int64_t elements_before(const Shares::Part& part, size_t group) {
  return part.bounds[group] - part.bounds[0];
}

int64_t elements_of(const Shares::Part& part, size_t group) {
  return part.bounds[group + 1] - part.bounds[group];
}

// How many pieces a row can be split into at most.
size_t lines_of(const Shares::Part& part) {
  return (part.columns + Shares::kSplitColumns - 1) / Shares::kSplitColumns;
}

// What the groups before `group` cost.
int64_t cost_before(const Shares::Part& part, size_t group) {
  return elements_before(part, group) * part.element_cost + static_cast<int64_t>(group) * part.group_cost;
}

}  // namespace

Shares::Shares(std::span<const Part> parts, int threads) : parts_(parts), threads_(threads) {
  if (threads <= 1) return;
  int64_t elements = 0;
  for (const Part& part : parts) elements += elements_before(part, part.groups()) * part.element_cost;
  find_huge(std::max<int64_t>(1, elements / threads));
  share_out(threads);
}

// More than a fair share: at most threads - 1 groups can be that big.
void Shares::find_huge(int64_t fair) {
  charged_.assign(static_cast<size_t>(threads_), 0);
  for (size_t p = 0; p < parts_.size(); ++p) {
    const Part& part = parts_[p];
    for (size_t g = 0; lines_of(part) > 1 && g < part.groups(); ++g) {
      if (elements_of(part, g) * part.element_cost <= fair) continue;
      huge_.push_back({p, g});
      deal_pieces(huge_.size() - 1);
    }
  }
}

// Gives the pieces of a huge group to the threads with least to do, the largest first.
void Shares::deal_pieces(size_t h) {
  const Part& part = parts_[huge_[h].part];
  const size_t lines = lines_of(part), count = std::min(static_cast<size_t>(threads_), lines);
  const auto lines_of_piece = [&](size_t piece) {
    return lines * (piece + 1) / count - lines * piece / count;
  };
  std::vector<size_t> pieces(count), threads(static_cast<size_t>(threads_));
  std::iota(pieces.begin(), pieces.end(), size_t{0});
  std::iota(threads.begin(), threads.end(), size_t{0});
  std::stable_sort(pieces.begin(), pieces.end(),
                   [&](size_t a, size_t b) { return lines_of_piece(a) > lines_of_piece(b); });
  std::stable_sort(threads.begin(), threads.end(),
                   [&](size_t a, size_t b) { return charged_[a] < charged_[b]; });
  const int64_t cost_of_line =
      elements_of(part, huge_[h].group) * part.element_cost / static_cast<int64_t>(lines);
  piece_of_.resize(piece_of_.size() + threads.size(), -1);
  for (size_t k = 0; k < count; ++k) {
    piece_of_[h * threads.size() + threads[k]] = static_cast<int>(pieces[k]);
    charged_[threads[k]] += cost_of_line * static_cast<int64_t>(lines_of_piece(pieces[k]));
  }
}

// Gives every thread groups in their order, of a cost that together with its pieces of huge groups is the same
// for all.
void Shares::share_out(int threads) {
  const auto shared_before = [&](size_t p, size_t group) {
    int64_t cost = cost_before(parts_[p], group);
    for (const Group& huge : huge_) {
      if (huge.part != p || huge.group >= group) continue;
      cost -= cost_before(parts_[p], huge.group + 1) - cost_before(parts_[p], huge.group);
    }
    return cost;
  };
  int64_t shared = 0;
  for (size_t p = 0; p < parts_.size(); ++p) shared += shared_before(p, parts_[p].groups());

  int64_t total = shared, quotas = 0;
  for (const int64_t pieces : charged_) total += pieces;
  std::vector<int64_t> quota;
  for (const int64_t pieces : charged_) {
    quota.push_back(std::max<int64_t>(0, total / threads - pieces));
    quotas += quota.back();
  }

  starts_.push_back({0, 0});
  size_t p = 0;
  int64_t before = 0;  // what the parts before p cost
  double goal_share = 0;
  for (int t = 1; t < threads; ++t) {
    goal_share += quotas > 0
                      ? static_cast<double>(quota[static_cast<size_t>(t - 1)]) / static_cast<double>(quotas)
                      : 1.0 / threads;
    const auto goal = static_cast<int64_t>(static_cast<double>(shared) * std::min(1.0, goal_share));
    for (; p < parts_.size(); ++p) {
      const int64_t cost = shared_before(p, parts_[p].groups());
      if (before + cost >= goal) break;
      before += cost;
    }
    if (p == parts_.size()) {
      starts_.push_back({p, 0});
      continue;
    }
    // The first group with `goal` or more before it.
    size_t low = starts_.back().part == p ? starts_.back().group : 0, high = parts_[p].groups();
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      if (before + shared_before(p, middle) < goal)
        low = middle + 1;
      else
        high = middle;
    }
    starts_.push_back({p, low});
  }
  starts_.push_back({parts_.size(), 0});
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

Shares::Columns Shares::columns_of(int thread, size_t h) const {
  const int mine = piece_of_[h * static_cast<size_t>(threads_) + static_cast<size_t>(thread)];
  if (mine < 0) return {0, 0};
  const Part& part = parts_[huge_[h].part];
  const size_t columns = part.columns, lines = lines_of(part);
  const size_t piece = static_cast<size_t>(mine), count = std::min(static_cast<size_t>(threads_), lines);
  return {std::min(columns, lines * piece / count * kSplitColumns),
          std::min(columns, lines * (piece + 1) / count * kSplitColumns)};
}

}  // namespace windrow
