#include "windrow/nearest.h"

#include <algorithm>
#include <atomic>

#include "base/fail.h"
#include "base/guard.h"
#include "base/parallel.h"
#include "lookup/lookup_threads.h"
#include "lookup/nearest_filter.h"
#include "lookup/nearest_paging.h"
#include "lookup/nearest_search.h"
#include "table/request.h"

namespace windrow {

namespace {

// Threads take rows in portions, whoever is free the next one: a thread that loses its core holds nobody up. Portions
// come to each thread in ascending order.
constexpr size_t kPortionBytes = 1 << 20;

int64_t rows_of_portion(const Search& search, int threads) {
  const auto rows = static_cast<size_t>(search.filter.end() - search.filter.begin());
  const size_t fair = rows / (8 * static_cast<size_t>(threads)) + 1;
  return static_cast<int64_t>(
      std::max(std::min(kPortionBytes / row_cost(search.table), fair), search.block_rows));
}

int threads_for(const Search& search, int requested) {
  constexpr size_t kMuch = size_t{1} << 20;  // rows, or queries: the costs can be multiplied
  const auto rows = static_cast<size_t>(search.filter.end() - search.filter.begin());
  const size_t work = std::min(rows, kMuch) * std::min(search.queries, kMuch);
  return lookup_threads(requested, work, work * row_cost(search.table));
}

void run(const Search& search, int threads, std::vector<Searcher>& searchers, std::vector<RowPager>& pagers) {
  const int64_t end = search.filter.end(), portion = rows_of_portion(search, threads);
  std::atomic<int64_t> next{search.filter.begin()};
  parallel(threads, [&](int thread) {
    const auto t = static_cast<size_t>(thread);
    for (;;) {
      const int64_t from = next.fetch_add(portion, std::memory_order_relaxed);
      if (from >= end) return;
      const int64_t to = from + std::min(portion, end - from);
      if (search.table.lazy) pagers[t].ask_for(from, to, threads);
      searchers[t].read(from, to);
    }
  });
}

std::vector<Neighbor> merged(const std::vector<Searcher>& searchers, size_t query, size_t k,
                             Similarity similarity) {
  std::vector<Neighbor> all;
  for (const auto& searcher : searchers) {
    const auto found = searcher.found(query);
    all.insert(all.end(), found.begin(), found.end());
  }
  std::sort(all.begin(), all.end(), better);
  all.resize(std::min(all.size(), k));
  if (similarity == Similarity::kL2) {
    for (Neighbor& neighbor : all) neighbor.score = -neighbor.score;
  }
  return all;
}

}  // namespace

Result<std::vector<std::vector<Neighbor>>> nearest(const Table& table, RowsIn queries, int64_t k,
                                                   const NearestOptions& options) {
  return guard([&]() -> Result<std::vector<std::vector<Neighbor>>> {
    const TableData& data = table.internals();
    if (auto checked = check_rows(queries, queries.rows, data.format.dim, "queries"); !checked)
      return pass(checked);
    if (k < 0) return fail(ErrorCode::kInvalidArgument, "k is ", k, ", and must not be below 0");
    if (!options.exclude_each.empty() && options.exclude_each.size() != queries.rows) {
      return fail(ErrorCode::kInvalidArgument, "exclude_each: has ", options.exclude_each.size(),
                  " lists for ", queries.rows, " queries; give one for each");
    }
    const auto filter = RowFilter::make(table, options);
    if (!filter) return tl::make_unexpected(filter.error());
    std::vector<std::vector<Neighbor>> answers(queries.rows);
    const auto most = static_cast<size_t>(std::min(k, filter->end() - filter->begin()));
    if (queries.rows == 0 || most == 0) return answers;

    const Search search(data, *filter, queries, options);
    const int threads = threads_for(search, options.threads);
    std::vector<Searcher> searchers;  // with their memory: nothing is allocated in parallel
    std::vector<RowPager> pagers;
    searchers.reserve(static_cast<size_t>(threads));
    for (int t = 0; t < threads; ++t) {
      searchers.emplace_back(search, most);
      if (data.lazy) pagers.emplace_back(data, *filter, rows_of_portion(search, threads));
    }
    run(search, threads, searchers, pagers);
    for (size_t q = 0; q < answers.size(); ++q) answers[q] = merged(searchers, q, most, options.similarity);
    return answers;
  });
}

Result<std::vector<Neighbor>> nearest(const Table& table, std::span<const float> query, int64_t k,
                                      const NearestOptions& options) {
  if (query.size() != static_cast<size_t>(table.dim())) {
    return fail(ErrorCode::kInvalidArgument, "query: has ", query.size(), " values, and the table has dim ",
                table.dim());
  }
  auto answers = nearest(table, RowsIn(query, query.size()), k, options);
  if (!answers) return pass(answers);
  return std::move(answers->front());
}

}  // namespace windrow
