#include "lookup/nearest_search.h"

#include <algorithm>
#include <cmath>

#include "kernels/dot.h"
#include "table/float_view.h"

namespace windrow {

namespace {

// A block of rows as floats, which stays in the first-level cache while all queries are compared with it.
constexpr size_t kBlockBytes = 16 << 10;

size_t rows_of_block(size_t columns) {
  const size_t rows =
      std::clamp(kBlockBytes / (columns * sizeof(float)), kernels::kScanRows, kernels::kMaxRows);
  return rows / kernels::kScanRows * kernels::kScanRows;
}

kernels::Measure measure_of(Similarity similarity) {
  switch (similarity) {
    case Similarity::kDot:
      return kernels::Measure::kDot;
    case Similarity::kL2:
      return kernels::Measure::kDistance;
    case Similarity::kCosine:
      break;
  }
  return kernels::Measure::kCosine;
}

}  // namespace

Search::Search(const TableData& of, const RowFilter& passing, RowsIn queries_in,
               const NearestOptions& options)
    : table(of), filter(passing), queries(queries_in.rows) {
  const auto dim = static_cast<size_t>(table.format.dim), columns = kernels::padded_columns(dim);
  const auto measure = measure_of(options.similarity);
  // One query is compared with rows as they are stored, where a kernel can; for more they are decoded once.
  if (queries == 1 || table.format.kind == RowFormat::Kind::kF32)
    scan = kernels::scan_rows(table.format.kind, measure);
  if (!scan) {
    scan = kernels::scan_rows(RowFormat::Kind::kF32, measure);
    decode = kernels::decode_rows(table.format);
  }
  block_rows = rows_of_block(columns);

  values.resize(queries * columns);
  std::vector<float> widened(FloatView::memory_for(queries_in, table.format.dim));
  const FloatView view(queries_in, table.format.dim, widened.data());
  const auto dot = kernels::dot_rows();
  for (size_t q = 0; q < queries; ++q) {
    const float* const row = view.row(q);
    std::copy_n(row, dim, values.data() + q * columns);
    const auto* const address = reinterpret_cast<const uint8_t*>(row);
    float square;
    dot({&address, 1, 0, row, dim}, &square);
    norms.push_back(std::sqrt(square));
  }

  if (options.exclude_each.empty()) excluded.emplace_back(options.exclude.begin(), options.exclude.end());
  for (const auto& own : options.exclude_each) {
    excluded.emplace_back(own.begin(), own.end());
    excluded.back().insert(excluded.back().end(), options.exclude.begin(), options.exclude.end());
  }
  for (auto& list : excluded) std::sort(list.begin(), list.end());
}

Searcher::Searcher(const Search& search, size_t k)
    : search_(search),
      blocks_(search.table, search.filter, search.block_rows),
      scores_(std::min(search.queries, kQueriesAtOnce) * search.block_rows) {
  for (size_t q = 0; q < search.queries; ++q) best_.emplace_back(k);
  if (!search.decode) return;
  const size_t columns = kernels::padded_columns(static_cast<size_t>(search.table.format.dim));
  decoded_.resize(search.block_rows * columns);
  for (size_t i = 0; i < search.block_rows; ++i)
    decoded_rows_.push_back(reinterpret_cast<const uint8_t*>(decoded_.data() + i * columns));
}

void Searcher::read(int64_t begin, int64_t end) {
  blocks_.restart(begin, end);
  for (auto block = blocks_.next(); !block.ids.empty(); block = blocks_.next()) score(block);
}

void Searcher::score(const RowBlocks::Block& block) {
  const RowFormat& format = search_.table.format;
  const size_t count = block.padded();
  const auto dim = static_cast<size_t>(format.dim), columns = kernels::padded_columns(dim);
  kernels::ScanRun run{block.rows, count, count, format.row_bytes(), dim, nullptr, nullptr, 0};
  if (search_.decode) {
    search_.decode(format, {block.rows, block.scales, count, count}, decoded_.data(), columns);
    run.rows = decoded_rows_.data();
    run.ahead = 0;
    run.dim = columns;
  }
  for (size_t first = 0; first < search_.queries; first += kQueriesAtOnce) {
    run.queries = search_.values.data() + first * columns;
    run.query_norms = search_.norms.data() + first;
    run.query_count = std::min(kQueriesAtOnce, search_.queries - first);
    search_.scan(run, scores_.data());
    for (size_t q = 0; q < run.query_count; ++q)
      best_[first + q].offer(block.ids, scores_.data() + q * count, search_.excluded_of(first + q));
    run.ahead = 0;  // the next block is on its way
  }
}

}  // namespace windrow
