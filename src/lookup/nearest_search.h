#pragma once

#include <windrow/nearest.h>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/rows.h"
#include "kernels/scan.h"
#include "lookup/nearest_best.h"
#include "lookup/nearest_blocks.h"
#include "lookup/nearest_filter.h"
#include "table/table_data.h"

namespace windrow {

// A checked search, as every thread sees it.
struct Search {
  const TableData& table;
  const RowFilter& filter;
  size_t queries = 0;                          // how many
  std::vector<float> values = {};              // of the queries, each padded with zeros
  std::vector<float> norms = {};               // of each query, for cosines
  std::vector<std::vector<int64_t>> excluded;  // sorted; one list for each query, or one for all
  kernels::ScanFn scan = nullptr;
  kernels::DecodeRowsFn decode = nullptr;  // null: `scan` takes the rows as they are
  size_t block_rows = 0;

  Search(const TableData& of, const RowFilter& passing, RowsIn queries_in, const NearestOptions& options);

  std::span<const int64_t> excluded_of(size_t query) const {
    return excluded[excluded.size() == 1 ? 0 : query];
  }
};

// What one thread does of a search, in memory that is there from the start.
class Searcher {
 public:
  Searcher(const Search& search, size_t k);

  // Rows [begin, end) of the table. Calls must come in ascending order of rows.
  void read(int64_t begin, int64_t end);

  std::span<const Neighbor> found(size_t query) const { return best_[query].found(); }

 private:
  // Queries whose scores of a block stay in the first-level cache.
  static constexpr size_t kQueriesAtOnce = 64;

  void score(const RowBlocks::Block& block);

  const Search& search_;
  RowBlocks blocks_;
  std::vector<BestRows> best_;  // for each query
  std::vector<float> scores_;
  std::vector<float> decoded_;  // a block of rows, padded with zeros
  std::vector<const uint8_t*> decoded_rows_;
};

}  // namespace windrow
