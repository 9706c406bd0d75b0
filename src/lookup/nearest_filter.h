#pragma once

#include <windrow/error.h>
#include <windrow/nearest.h>
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace windrow {

// Which rows of a table may be answers of a search.
class RowFilter {
 public:
  RowFilter(RowFilter&&) = default;

  // Reads the tokens of the range once, when there is a prefix. kInvalidArgument, as nearest() says.
  static Result<RowFilter> make(const Table& table, const NearestOptions& options);

  int64_t begin() const { return begin_; }
  int64_t end() const { return end_; }
  // Whether every row of the range passes.
  bool takes_all() const { return !marks_; }

  // The first row from `row` on, before `end`, that passes; else `end`.
  int64_t next(int64_t row, int64_t end) const {
    if (!marks_) return row;
    while (row + 8 <= end && load<uint64_t>(marks_ + (row - marked_from_)) == 0) row += 8;
    while (row < end && !marks_[row - marked_from_]) ++row;
    return row;
  }

 private:
  RowFilter() = default;
  void mark_tokens(const Vocabulary& vocabulary, const NearestOptions& options, int threads);

  int64_t begin_ = 0, end_ = 0;
  const uint8_t* marks_ = nullptr;  // of the rows from marked_from_ on, or null: all pass
  int64_t marked_from_ = 0;
  std::vector<uint8_t> own_marks_;
};

}  // namespace windrow
