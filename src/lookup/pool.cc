#include <algorithm>

#include "base/fail.h"
#include "base/guard.h"
#include "base/parallel.h"
#include "base/shares.h"
#include "kernels/pool.h"
#include "lookup/lookup_threads.h"
#include "table/request.h"
#include "table/row_stream.h"
#include "windrow/lookup.h"

namespace windrow {

namespace {

// A validated request, as every thread sees it.
struct PoolPlan {
  const TableData& table;
  const Bags& bags;
  std::span<const int64_t> bounds;
  bool mean;
  RowsOut out;
  RowStream::Options located;
  kernels::PoolFn kernel;

  size_t first_position(size_t bag) const { return static_cast<size_t>(bounds[bag]); }
  float* out_row(size_t bag) const { return static_cast<float*>(out.data) + bag * out.row_stride; }
};

// Columns [begin, end) of one bag, whose rows come next in `stream`.
void pool_bag(const PoolPlan& plan, size_t bag, RowStream& stream, size_t begin, size_t end) {
  float* out = plan.out_row(bag);
  const auto used = static_cast<size_t>(used_ids(plan.bags.ids, plan.first_position(bag),
                                                 plan.first_position(bag + 1), plan.located.padding_id));
  if (used == 0) std::fill(out + begin, out + end, 0.0f);
  for (size_t done = 0; done < used;) {
    const auto run = stream.next(used - done);
    const bool begins = done == 0;
    done += run.count;
    const float divisor = plan.mean && done == used ? static_cast<float>(used) : 0.0f;
    plan.kernel({run.rows, run.weights, run.count, plan.located.ahead, begins, divisor}, begin, end, out);
  }
}

// Bags [range.begin, range.end) but for the huge ones.
void pool_range(const PoolPlan& plan, const Shares& shares, Shares::Range range) {
  const auto dim = static_cast<size_t>(plan.table.format.dim);
  for (size_t bag = range.begin; bag < range.end;) {
    size_t stop = bag;
    while (stop < range.end && !shares.is_huge(stop)) ++stop;
    RowStream stream(plan.table, plan.bags.ids, plan.first_position(bag), plan.first_position(stop),
                     plan.located);
    for (; bag < stop; ++bag) pool_bag(plan, bag, stream, 0, dim);
    ++bag;  // the huge one, if there is one
  }
}

}  // namespace

Result<void> pool(const Table& table, const Bags& bags, Pooling pooling, RowsOut out,
                  const LookupOptions& options) {
  return guard([&]() -> Result<void> {
    const TableData& data = table.internals();
    const bool weighted = !bags.weights.empty();
    if (pooling == Pooling::kMax && weighted) {
      return fail(ErrorCode::kInvalidArgument, "max pooling takes no weights");
    }
    auto offsets = BagOffsets::from(bags);
    if (!offsets) return pass(offsets);
    if (auto checked = check_rows(out, offsets->bags(), data.format.dim, "out"); !checked) return checked;
    if (auto checked = check_ids(bags.ids, data.rows, options.padding_id, offsets->bounds()); !checked)
      return checked;

    PoolPlan plan{data, bags, offsets->bounds(), pooling == Pooling::kMean, out, {}, nullptr};
    plan.located.padding_id = options.padding_id;
    plan.located.weights = weighted ? bags.weights.data() : nullptr;
    plan.located.ahead = rows_ahead(data);
    plan.kernel = kernels::pool(pooling == Pooling::kMax ? kernels::Reduction::kMax
                                : weighted               ? kernels::Reduction::kWeightedSum
                                                         : kernels::Reduction::kSum);
    const int threads = lookup_threads(options.threads, data, bags.ids.count);
    const Shares shares(plan.bounds, threads, 1);
    parallel(threads, [&](int thread) {
      pool_range(plan, shares, shares.groups_of(thread));
      const Columns columns = columns_of(thread, threads, static_cast<size_t>(data.format.dim));
      for (const size_t bag : shares.huge()) {
        if (columns.begin == columns.end) break;
        RowStream stream(data, bags.ids, plan.first_position(bag), plan.first_position(bag + 1),
                         plan.located);
        pool_bag(plan, bag, stream, columns.begin, columns.end);
      }
    });
    return {};
  });
}

}  // namespace windrow
