#pragma once

#include <windrow/pool_many.h>

#include "base/shares.h"
#include "kernels/encode.h"
#include "kernels/pool.h"
#include "table/row_stream.h"

namespace windrow {

// A checked pool() of one table, as every thread sees it.
struct PoolWork {
  const TableData* table = nullptr;
  Ids ids;
  std::span<const int64_t> bounds;  // of the bags: positions of `ids`, which need not begin at 0
  bool mean = false;
  RowsOut out;
  RowStream::Options located;
  kernels::PoolFn kernel = nullptr;
  kernels::EncodeValuesFn encode = nullptr;  // null: `out` holds floats
  int64_t skipped_ids = 0;

  // Checks a request and takes it in. `bag_bounds` was checked; `request.bags` is used for its ids and weights
  // alone.
  Result<void> take(const PoolRequest& request, std::span<const int64_t> bag_bounds,
                    const LookupOptions& options);

  size_t bags() const { return bounds.size() - 1; }
  size_t dim() const { return static_cast<size_t>(table->format.dim); }
  size_t id_count() const { return static_cast<size_t>(bounds.back() - bounds.front()); }
  size_t cost_bytes() const;
  // Of a thread's share in a huge bag, the columns to be pooled: all of them where rows are read whole, since threads that
  // read the same row at different times may find it changed. Then the share of one thread has one column, and others none.
  Shares::Columns columns_of(Shares::Columns share) const {
    return table->whole && !share.empty() ? Shares::Columns{0, dim()} : share;
  }
  Shares::Part as_part() const;
};

// The work of several pools, shared among threads by bytes. Both arrays are kept; parts[i] is
// works[i].as_part().
class SharedPool {
 public:
  SharedPool(std::span<const PoolWork> works, std::span<const Shares::Part> parts, int threads)
      : works_(works), shares_(parts, threads) {}

  void run(int thread) const;

 private:
  void run_huge(int thread) const;

  std::span<const PoolWork> works_;
  Shares shares_;
};

}  // namespace windrow
