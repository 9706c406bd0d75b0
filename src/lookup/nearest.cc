#include "windrow/nearest.h"

#include <algorithm>
#include <cmath>

#include "base/fail.h"
#include "base/guard.h"
#include "base/parallel.h"
#include "kernels/dot.h"
#include "kernels/rows.h"
#include "lookup/lookup_threads.h"
#include "table/table_data.h"

namespace windrow {

namespace {

constexpr int64_t kBlockRows = 256;

bool better(const Neighbor& a, const Neighbor& b) {
  return a.score != b.score ? a.score > b.score : a.row < b.row;
}

// The k best of those added: a heap whose first is the worst.
class Best {
 public:
  explicit Best(size_t k) : k_(k) { heap_.reserve(k); }

  bool takes(const Neighbor& candidate) const {
    return heap_.size() < k_ || (k_ > 0 && better(candidate, heap_[0]));
  }
  void add(const Neighbor& candidate) {
    if (heap_.size() == k_) {
      std::pop_heap(heap_.begin(), heap_.end(), better);
      heap_.pop_back();
    }
    heap_.push_back(candidate);
    std::push_heap(heap_.begin(), heap_.end(), better);
  }
  std::span<const Neighbor> found() const { return heap_; }

 private:
  size_t k_;
  std::vector<Neighbor> heap_;
};

struct Scan {
  const TableData& table;
  std::span<const float> query;
  Similarity similarity;
  float query_norm;
  std::vector<int64_t> exclude;  // sorted
  kernels::ScanFn kernel;
  kernels::DecodeRowsFn decode;  // null: rows are floats
  int64_t block_rows = kBlockRows;

  float score(float dot, float square) const {
    if (similarity == Similarity::kDot) return dot;
    const float norms = query_norm * std::sqrt(square);
    return norms == 0 ? 0.0f : dot / norms;
  }

  // Rows [begin, end) of the table. `decoded`: room for a block of rows, where they are decoded.
  void rows(int64_t begin, int64_t end, float* decoded, Best& best) const {
    for (const auto& segment : table.segments) {
      const int64_t from = std::max(begin, segment.first_row);
      const int64_t to = std::min(end, segment.first_row + segment.rows);
      for (int64_t row = from; row < to; row += block_rows)
        block(row, std::min(to - row, block_rows), decoded, best);
    }
  }

  void block(int64_t first, int64_t count, float* decoded, Best& best) const {
    float dots[kBlockRows], squares[kBlockRows];
    kernels::ScanRun run{table.row(first), static_cast<size_t>(count), table.format.stride_bytes,
                         query.data(), query.size()};
    if (decode) {
      decode_block(first, run.count, decoded);
      run.first_row = reinterpret_cast<const uint8_t*>(decoded);
      run.stride_bytes = query.size() * sizeof(float);
    }
    kernel(run, dots, squares);
    for (int64_t i = 0; i < count; ++i) {
      const Neighbor candidate{first + i, score(dots[i], squares[i])};
      if (std::isnan(candidate.score) || !best.takes(candidate)) continue;
      if (std::binary_search(exclude.begin(), exclude.end(), candidate.row)) continue;
      best.add(candidate);
    }
  }

  void decode_block(int64_t first, size_t count, float* decoded) const {
    const uint8_t *rows[kBlockRows], *scales[kBlockRows];
    const bool apart = table.format.scale_place == RowFormat::ScalePlace::kApart;
    for (size_t i = 0; i < count; ++i) {
      const int64_t row = first + static_cast<int64_t>(i);
      rows[i] = table.row(row);
      if (apart) scales[i] = table.scales(row);
    }
    decode(table.format, {rows, apart ? scales : nullptr, count, 0}, decoded, query.size());
  }
};

}  // namespace

Result<std::vector<Neighbor>> nearest(const Table& table, std::span<const float> query, int64_t k,
                                      const NearestOptions& options) {
  return guard([&]() -> Result<std::vector<Neighbor>> {
    const TableData& data = table.internals();
    if (query.size() != static_cast<size_t>(data.format.dim)) {
      return fail(ErrorCode::kInvalidArgument, "query: has ", query.size(), " values, and the table has dim ",
                  data.format.dim);
    }
    if (k < 0) return fail(ErrorCode::kInvalidArgument, "k is ", k, ", and must not be below 0");
    k = std::min(k, data.rows);

    const auto kernel = kernels::scan_rows();
    float dot, square;
    kernel({reinterpret_cast<const uint8_t*>(query.data()), 1, 0, query.data(), query.size()}, &dot, &square);
    Scan scan{data,
              query,
              options.similarity,
              std::sqrt(square),
              {options.exclude.begin(), options.exclude.end()},
              kernel,
              data.format.kind == RowFormat::Kind::kF32 ? nullptr : kernels::decode_rows(data.format)};
    std::sort(scan.exclude.begin(), scan.exclude.end());

    const auto rows = static_cast<size_t>(data.rows);
    const int threads = lookup_threads(options.threads, rows, rows * row_cost(data));
    // A block of decoded rows stays in the second-level cache.
    if (scan.decode) scan.block_rows = std::clamp<int64_t>((1 << 16) / data.format.dim, 1, kBlockRows);
    const size_t block_floats = scan.decode ? static_cast<size_t>(scan.block_rows) * query.size() : 0;
    std::vector<float> decoded(static_cast<size_t>(threads) * block_floats);
    std::vector<Best> best;  // one for each thread, with its memory: nothing is allocated below
    for (int t = 0; t < threads; ++t) best.emplace_back(static_cast<size_t>(k));
    parallel(threads, [&](int thread) {
      const int64_t begin = data.rows / threads * thread + std::min<int64_t>(thread, data.rows % threads);
      const int64_t end = begin + data.rows / threads + (thread < data.rows % threads ? 1 : 0);
      scan.rows(begin, end, decoded.data() + static_cast<size_t>(thread) * block_floats,
                best[static_cast<size_t>(thread)]);
    });
    std::vector<Neighbor> all;
    for (const auto& part : best) all.insert(all.end(), part.found().begin(), part.found().end());
    std::sort(all.begin(), all.end(), better);
    all.resize(std::min(all.size(), static_cast<size_t>(k)));
    return all;
  });
}

}  // namespace windrow
