#pragma once

#include <windrow/nearest.h>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace windrow {

// By the measure of kernels/scan.h, of which the largest is the best, whatever the similarity.
inline bool better(const Neighbor& a, const Neighbor& b) {
  return a.score != b.score ? a.score > b.score : a.row < b.row;
}

// The k best rows of those that one thread offered for one query: a heap whose first is the worst. Its memory is there
// from the start.
class BestRows {
 public:
  explicit BestRows(size_t k) : k_(k) { heap_.reserve(k); }

  // Rows must be offered in ascending order: one that comes later does not replace one of the same score. `excluded` is
  // sorted.
  void offer(std::span<const int64_t> rows, const float* scores, std::span<const int64_t> excluded) {
    if (full() && none_above(scores, rows.size(), bar())) return;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (full() ? !(scores[i] > bar()) : std::isnan(scores[i])) continue;
      if (std::binary_search(excluded.begin(), excluded.end(), rows[i])) continue;
      add({rows[i], scores[i]});
    }
  }

  std::span<const Neighbor> found() const { return heap_; }

 private:
  bool full() const { return heap_.size() == k_; }
  float bar() const { return heap_.empty() ? std::numeric_limits<float>::infinity() : heap_[0].score; }

  // Nearly always so; without a branch for each row.
  static bool none_above(const float* scores, size_t count, float bar) {
    unsigned above = 0;
    for (size_t i = 0; i < count; ++i) above |= scores[i] > bar;
    return above == 0;
  }

  void add(const Neighbor& row) {
    if (full()) {
      std::pop_heap(heap_.begin(), heap_.end(), better);
      heap_.pop_back();
    }
    heap_.push_back(row);
    std::push_heap(heap_.begin(), heap_.end(), better);
  }

  size_t k_;
  std::vector<Neighbor> heap_;
};

}  // namespace windrow
