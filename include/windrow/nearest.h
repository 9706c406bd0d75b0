#pragma once

#include <windrow/error.h>
#include <windrow/export.h>
#include <windrow/table.h>
#include <cstdint>
#include <span>
#include <vector>

namespace windrow {

enum class Similarity : uint8_t { kCosine, kDot };

struct Neighbor {
  int64_t row;
  float score;
};

struct NearestOptions {
  Similarity similarity = Similarity::kCosine;
  std::span<const int64_t> exclude = {};  // rows that are no answer, such as the query's own
  int threads = 0;                        // as LookupOptions
};

// The k rows most similar to `query`, best first; of equal scores the smaller row first. Every row is read
// (brute force): the cost is that of reading the table once.
//
//   kDot     dot(query, row), with the eight partial sums of dot_bags()
//   kCosine  dot / (sqrt(dot(query, query)) * sqrt(dot(row, row)));  0 when either is all zeros
//
// A row whose score is NaN is no answer. Fewer than k results mean that there are no more rows.
//
// Errors:  kInvalidArgument  query.size() is not table.dim(), or k < 0
//          kNoMemory
// Threads: any number of searches at a time on one table; the result does not depend on options.threads.
[[nodiscard]] WINDROW_API Result<std::vector<Neighbor>> nearest(const Table& table,
                                                                std::span<const float> query, int64_t k,
                                                                const NearestOptions& options = {});

}  // namespace windrow
