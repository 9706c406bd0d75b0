#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace windrow {

// The rows that have changed in an epoch, or may: a bit for each row of the table, and a list of those whose bit is
// set, in the order in which they came. One thread may add while others look: who finds a row finds what was done
// before it was added.
class FirstTouches {
 public:
  explicit FirstTouches(int64_t table_rows = 0) : bits_((static_cast<size_t>(table_rows) + 63) / 64) {}

  bool contains(int64_t row) const {
    std::atomic_ref word(const_cast<uint64_t&>(bits_[word_of(row)]));
    return (word.load(std::memory_order_acquire) & bit_of(row)) != 0;
  }
  std::span<const int64_t> rows() const { return rows_; }

  // Makes room, so that add() cannot fail. May throw bad_alloc.
  void reserve(size_t more) {
    if (rows_.size() + more > rows_.capacity())
      rows_.reserve(std::max(rows_.size() + more, 2 * rows_.capacity()));
  }
  void add(std::span<const int64_t> rows) noexcept {
    for (const int64_t row : rows) {
      std::atomic_ref word(bits_[word_of(row)]);
      word.store(word.load(std::memory_order_relaxed) | bit_of(row), std::memory_order_release);
    }
    rows_.insert(rows_.end(), rows.begin(), rows.end());
  }
  // By the list, not by all bits: the time goes with what has changed, and not with the table.
  void clear() noexcept {
    for (const int64_t row : rows_) bits_[word_of(row)] = 0;
    rows_.clear();
  }

 private:
  static size_t word_of(int64_t row) { return static_cast<size_t>(row) / 64; }
  static uint64_t bit_of(int64_t row) { return uint64_t{1} << (static_cast<size_t>(row) % 64); }

  std::vector<uint64_t> bits_;
  std::vector<int64_t> rows_;
};

}  // namespace windrow
