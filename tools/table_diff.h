#pragma once

#include <windrow/error.h>
#include <windrow/table.h>
#include <cstdint>
#include <functional>
#include <vector>

namespace windrow::tools {

// How the values of two tables differ.

constexpr size_t kMostListed = 10;  // changed rows, and tokens of a kind, in a report

struct ChangedRow {
  int64_t row_a, row_b;
  double largest = 0;       // of the finite differences
  bool not_finite = false;  // a value is NaN or infinite, and not the same in both
};

struct ValueDiff {
  int64_t compared_rows = 0;
  int64_t compared_columns = 0;
  int64_t changed_rows = 0;
  std::vector<ChangedRow> first;  // of those, kMostListed at most

  double largest = 0;        // of the finite differences
  int64_t largest_row = -1;  // of a, and -1 when nothing differs
  int64_t largest_column = -1;
  double root_mean_square = 0;    // of the finite differences of all values
  int64_t not_finite_values = 0;  // differences that are none
};

// Pairs of rows to compare, a few at a time: fills both lists and says whether there are any.
using RowPairs = std::function<bool(std::vector<int64_t>& rows_a, std::vector<int64_t>& rows_b)>;

// Row r of one and row r of the other, as far as both go.
RowPairs pairs_by_row(const Table& a, const Table& b);
// The rows of each token of `a` that `b` has, too; of a token that occurs twice, the first.
RowPairs pairs_by_token(const Table& a, const Table& b);

// Compares decoded values in the columns that both have. Values with the same bits are equal, NaN or not; so are those
// that are at most `tolerance` apart. `at` hears how many rows are done. Memory: two blocks of about a megabyte.
Result<ValueDiff> diff_values(const Table& a, const Table& b, const RowPairs& pairs, double tolerance,
                              const std::function<void(int64_t)>& at);

}  // namespace windrow::tools
