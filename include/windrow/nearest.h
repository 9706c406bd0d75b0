#pragma once

#include <windrow/error.h>
#include <windrow/export.h>
#include <windrow/table.h>
#include <windrow/views.h>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace windrow {

enum class Similarity : uint8_t { kCosine, kDot, kL2 };

struct Neighbor {
  int64_t row;
  float score;  // kCosine, kDot: the larger the better. kL2: the distance, the smaller the better
};

// Rows [begin, end) of a table; an end behind the last row is the end of the table.
struct RowRange {
  int64_t begin = 0;
  int64_t end = std::numeric_limits<int64_t>::max();
};

struct NearestOptions {
  Similarity similarity = Similarity::kCosine;
  // Rows that are no answer to any query, such as a single query's own.
  std::span<const int64_t> exclude = {};
  // Further ones for each query: empty, or a list for every query.
  std::span<const std::span<const int64_t>> exclude_each = {};

  // Which rows may be answers: those that pass all of these. Other rows are not read, nor decoded.
  RowRange rows = {};
  // Empty, or a byte for every row of the table: 0 for one that may not.
  std::span<const uint8_t> accept = {};
  std::string_view token_prefix = {};  // a row's token must begin with these bytes

  int threads = 0;  // as LookupOptions
};

// The k best rows for each query, best first; of equal scores the smaller row first. All rows that may be answers are
// read (brute force), once for all queries: one query costs what reading the table costs.
//
//   kCosine  dot(q, x) / (sqrt(dot(q, q)) * sqrt(dot(x, x)));  0 where the product of the roots is 0
//   kDot     dot(q, x)
//   kL2      sqrt(sum over c of d[c] * d[c]), d[c] = q[c] - x[c]
//
// with every operation rounded to float by itself, and sums over columns in the order of dot_bags(): eight partial
// sums, column c to number c mod 8 in ascending order, then ((p0 + p1) + (p2 + p3)) + ((p4 + p5) + (p6 + p7)). So
// scores have the same bits on every CPU, for any number of threads, and for a query alone or among others.
//
// A row whose score is NaN is no answer. Fewer than k results mean that there are no more rows. A table of several
// pieces is one table; tokens are those of table.vocabulary() (where tokens share rows, one of a row's must fit).
//
// Shapes:  queries has rows of at least table.dim() values, of which the first table.dim() count. The result has one
//          list for every query.
// Errors:  kInvalidArgument  a query of another length, k < 0, exclude_each or accept of the wrong length, rows that
//                            end before they begin or begin before 0, token_prefix where the table has no vocabulary
//          kNoMemory
// Threads: any number of searches at a time on one table; the result does not depend on options.threads. A search that
//          overlaps a training step may see a row half old, half new.
// Memory:  a copy of each query, for each query and thread k results, and for each thread 100 KB or four rows as
//          floats; with token_prefix a byte a row.
[[nodiscard]] WINDROW_API Result<std::vector<std::vector<Neighbor>>> nearest(
    const Table& table, RowsIn queries, int64_t k, const NearestOptions& options = {});

// The same for one query of table.dim() values.
[[nodiscard]] WINDROW_API Result<std::vector<Neighbor>> nearest(const Table& table,
                                                                std::span<const float> query, int64_t k,
                                                                const NearestOptions& options = {});

}  // namespace windrow
