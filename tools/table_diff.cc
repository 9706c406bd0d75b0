#include "table_diff.h"

#include <windrow/lookup.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>

#include "base/fail.h"
#include "formats/row_block.h"

namespace windrow::tools {

namespace {

// Sums and extremes over all compared values.
class Differences {
 public:
  explicit Differences(double tolerance) : tolerance_(tolerance) {}

  void add_row(int64_t row_a, int64_t row_b, const float* a, const float* b, size_t columns) {
    ++diff_.compared_rows;
    if (std::memcmp(a, b, columns * sizeof(float)) == 0) return;
    ChangedRow row{row_a, row_b};
    bool changed = false;
    for (size_t c = 0; c < columns; ++c) {
      if (std::memcmp(a + c, b + c, sizeof(float)) == 0) continue;
      const double difference = std::fabs(static_cast<double>(a[c]) - static_cast<double>(b[c]));
      if (!std::isfinite(difference)) {
        ++diff_.not_finite_values;
        row.not_finite = changed = true;
        continue;
      }
      squares_ += difference * difference;
      changed = changed || difference > tolerance_;
      row.largest = std::max(row.largest, difference);
      if (difference <= diff_.largest) continue;
      diff_.largest = difference;
      diff_.largest_row = row_a;
      diff_.largest_column = static_cast<int64_t>(c);
    }
    if (!changed) return;
    ++diff_.changed_rows;
    if (diff_.first.size() < kMostListed) diff_.first.push_back(row);
  }

  int64_t rows() const { return diff_.compared_rows; }

  ValueDiff result(int64_t columns) {
    diff_.compared_columns = columns;
    const double values = static_cast<double>(diff_.compared_rows) * static_cast<double>(columns) -
                          static_cast<double>(diff_.not_finite_values);
    diff_.root_mean_square = values > 0 ? std::sqrt(squares_ / values) : 0;
    return diff_;
  }

 private:
  double tolerance_;
  double squares_ = 0;
  ValueDiff diff_;
};

int64_t block_rows(const Table& a, const Table& b) {
  return static_cast<int64_t>(rows_per_block(static_cast<size_t>(std::max(a.dim(), b.dim()))));
}

Result<void> read_rows(const Table& table, const std::vector<int64_t>& rows, std::vector<float>& values) {
  const auto dim = static_cast<size_t>(table.dim());
  values.resize(rows.size() * dim);
  auto gathered = gather(table, std::span<const int64_t>(rows), RowsOut(values, dim));
  if (!gathered) return pass(gathered);
  return {};
}

}  // namespace

RowPairs pairs_by_row(const Table& a, const Table& b) {
  const int64_t end = std::min(a.rows(), b.rows());
  return [end, step = block_rows(a, b), next = int64_t{0}](auto& rows_a, auto& rows_b) mutable {
    rows_a.resize(static_cast<size_t>(std::min(step, end - next)));
    std::iota(rows_a.begin(), rows_a.end(), next);
    rows_b = rows_a;
    next += static_cast<int64_t>(rows_a.size());
    return !rows_a.empty();
  };
}

RowPairs pairs_by_token(const Table& a, const Table& b) {
  // Tables are handles: the pairs keep theirs.
  return [a, b, step = block_rows(a, b), next = int64_t{0}](auto& rows_a, auto& rows_b) mutable {
    const Vocabulary& tokens_a = a.vocabulary();
    const Vocabulary& tokens_b = b.vocabulary();
    rows_a.clear();
    rows_b.clear();
    std::vector<std::string_view> tokens;
    while (rows_a.empty() && next < tokens_a.size()) {
      tokens.clear();
      for (int64_t t = next; t < std::min(next + step, tokens_a.size()); ++t)
        tokens.push_back(tokens_a.token_at(t));
      std::vector<int64_t> in_a(tokens.size()), in_b(tokens.size());
      tokens_a.find_numbers(tokens, in_a);
      tokens_b.find_numbers(tokens, in_b);
      for (size_t i = 0; i < tokens.size(); ++i) {
        if (in_b[i] < 0 || in_a[i] != next + static_cast<int64_t>(i)) continue;
        const auto row_a = tokens_a.row_of(in_a[i]), row_b = tokens_b.row_of(in_b[i]);
        if (!row_a || !row_b) continue;
        rows_a.push_back(*row_a);
        rows_b.push_back(*row_b);
      }
      next += static_cast<int64_t>(tokens.size());
    }
    return !rows_a.empty();
  };
}

Result<ValueDiff> diff_values(const Table& a, const Table& b, const RowPairs& pairs, double tolerance,
                              const std::function<void(int64_t)>& at) {
  const auto dim_a = static_cast<size_t>(a.dim()), dim_b = static_cast<size_t>(b.dim());
  const size_t columns = std::min(dim_a, dim_b);
  Differences differences(tolerance);
  std::vector<int64_t> rows_a, rows_b;
  std::vector<float> values_a, values_b;
  while (pairs(rows_a, rows_b)) {
    if (auto read = read_rows(a, rows_a, values_a); !read) return pass(read);
    if (auto read = read_rows(b, rows_b, values_b); !read) return pass(read);
    for (size_t i = 0; i < rows_a.size(); ++i) {
      differences.add_row(rows_a[i], rows_b[i], values_a.data() + i * dim_a, values_b.data() + i * dim_b,
                          columns);
    }
    at(differences.rows());
  }
  return differences.result(static_cast<int64_t>(columns));
}

}  // namespace windrow::tools
