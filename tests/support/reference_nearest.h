#pragma once

#include <windrow/nearest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <initializer_list>
#include <vector>

#include "support/cases.h"
#include "support/reference_lookup.h"

// What nearest() answers, written from the comments in nearest.h as plainly as possible.

inline float reference_score(const std::vector<float>& query, const std::vector<float>& row, windrow::Similarity similarity) {
  if (similarity == windrow::Similarity::kL2) {
    std::vector<float> difference(row.size());
    for (size_t c = 0; c < row.size(); ++c) difference[c] = query[c] - row[c];
    return std::sqrt(reference_dot(difference, difference));
  }
  const float dot = reference_dot(query, row);
  if (similarity == windrow::Similarity::kDot) return dot;
  const float norms = std::sqrt(reference_dot(query, query)) * std::sqrt(reference_dot(row, row));
  return norms == 0 ? 0 : dot / norms;
}

// Among the rows that `may` says.
template <class May>
std::vector<windrow::Neighbor> expected_among(const MemoryTable& table, const std::vector<float>& query, size_t k,
                                     windrow::Similarity similarity, const May& may) {
  std::vector<windrow::Neighbor> all;
  for (int64_t r = 0; r < table.rows; ++r) {
    const float score = reference_score(query, row_of(table, r), similarity);
    if (!std::isnan(score) && may(r)) all.push_back({r, score});
  }
  std::sort(all.begin(), all.end(), [similarity](const windrow::Neighbor& a, const windrow::Neighbor& b) {
    if (a.score != b.score) return similarity == windrow::Similarity::kL2 ? a.score < b.score : a.score > b.score;
    return a.row < b.row;
  });
  all.resize(std::min(all.size(), k));
  return all;
}

inline std::vector<windrow::Neighbor> expected_nearest(const MemoryTable& table, const std::vector<float>& query, size_t k,
                                       windrow::Similarity similarity) {
  return expected_among(table, query, k, similarity, [](int64_t) { return true; });
}

inline constexpr windrow::Similarity kSimilarities[] = {windrow::Similarity::kCosine, windrow::Similarity::kDot, windrow::Similarity::kL2};

// Rows of a table, one behind the other.
inline std::vector<float> queries_of(const MemoryTable& table, std::initializer_list<int64_t> rows) {
  std::vector<float> queries;
  for (const int64_t r : rows) {
    const auto row = row_of(table, r);
    queries.insert(queries.end(), row.begin(), row.end());
  }
  return queries;
}

inline std::vector<float> query_at(const std::vector<float>& queries, size_t number, int64_t dim) {
  const auto begin = queries.begin() + static_cast<ptrdiff_t>(number) * dim;
  return {begin, begin + dim};
}

inline bool same_answers(const std::vector<windrow::Neighbor>& a, const std::vector<windrow::Neighbor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const windrow::Neighbor& x, const windrow::Neighbor& y) {
                      return x.row == y.row && std::bit_cast<uint32_t>(x.score) == std::bit_cast<uint32_t>(y.score);
                    });
}
