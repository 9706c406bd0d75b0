#include "lookup/pool_work.h"

#include <algorithm>
#include <array>
#include <new>
#include <type_traits>

#include "base/fail.h"
#include "lookup/lookup_threads.h"
#include "lookup/value_rows.h"
#include "table/request.h"

namespace windrow {

namespace {

// Pools columns [begin, end) of one bag into floats, out[0] the first; its rows come next in `stream`.
void pool_floats(const PoolWork& work, RowStream& stream, size_t used, size_t begin, size_t end, float* out) {
  if (used == 0) std::fill(out, out + (end - begin), 0.0f);
  for (size_t done = 0; done < used;) {
    const auto run = stream.next(used - done);
    const bool begins = done == 0;
    done += run.rows.count;
    const float divisor = work.mean && done == used ? static_cast<float>(used) : 0.0f;
    work.kernel(work.table->format, {run.rows, run.weights, begins, divisor}, begin, end, out);
  }
}

size_t used_ids(const PoolWork& work, size_t bag) {
  return static_cast<size_t>(work.located.filter.count(work.ids, static_cast<size_t>(work.bounds[bag]),
                                                       static_cast<size_t>(work.bounds[bag + 1])));
}

// Columns [begin, end) of one bag, at most kScratchFloats of them unless `out` holds floats.
void pool_bag(const PoolWork& work, size_t bag, RowStream& stream, size_t begin, size_t end) {
  if (!work.encode) {
    return pool_floats(work, stream, used_ids(work, bag), begin, end,
                       reinterpret_cast<float*>(row_of(work.out, bag, begin)));
  }
  Scratch scratch;
  pool_floats(work, stream, used_ids(work, bag), begin, end, scratch.data());
  work.encode(scratch.data(), end - begin, row_of(work.out, bag, begin));
}

// One bag of a table whose rows are read whole: each row once, for all columns.
void pool_whole(const PoolWork& work, size_t bag) {
  std::array<float, WholeRows::kMaxDim> floats;
  RowStream stream(*work.table, work.ids, static_cast<size_t>(work.bounds[bag]),
                   static_cast<size_t>(work.bounds[bag + 1]), work.located);
  pool_floats(work, stream, used_ids(work, bag), 0, work.dim(), floats.data());
  work.encode(floats.data(), work.dim(), row_of(work.out, bag));
}

// One bag alone, columns [begin, end).
void pool_alone(const PoolWork& work, size_t bag, size_t begin, size_t end) {
  if (begin < end && work.table->whole && work.encode) return pool_whole(work, bag);
  while (begin < end) {
    const size_t stop = work.encode ? std::min(end, begin + kScratchFloats) : end;
    RowStream stream(*work.table, work.ids, static_cast<size_t>(work.bounds[bag]),
                     static_cast<size_t>(work.bounds[bag + 1]), work.located);
    pool_bag(work, bag, stream, begin, stop);
    begin = stop;
  }
}

bool needs_column_blocks(const PoolWork& work) {
  return work.encode && work.dim() > kScratchFloats;
}

}  // namespace

Result<void> PoolWork::take(const PoolRequest& request, std::span<const int64_t> bag_bounds,
                            const LookupOptions& options) {
  const Bags& bags = request.bags;
  const bool weighted = !bags.weights.empty();
  if (request.pooling > Pooling::kMax) {
    return fail(ErrorCode::kInvalidArgument, "pooling number ", static_cast<int>(request.pooling),
                " is unknown");
  }
  if (request.pooling == Pooling::kMax && weighted) {
    return fail(ErrorCode::kInvalidArgument, "max pooling takes no weights");
  }
  table = &request.table->internals();
  ids = bags.ids;
  bounds = bag_bounds;
  mean = request.pooling == Pooling::kMean;
  out = request.out;
  if (auto checked = check_rows(out, this->bags(), table->format.dim, "out"); !checked) return checked;
  auto checked = check_ids(ids, table->rows, request.padding_id ? request.padding_id : options.padding_id,
                           options.bad_ids, bounds);
  if (!checked) return pass(checked);
  skipped_ids = checked->skipped;
  located = reading(*table, checked->filter);
  located.weights = weighted ? bags.weights.data() : nullptr;
  kernel = kernels::pool(table->format, request.pooling == Pooling::kMax ? kernels::Reduction::kMax
                                        : weighted                       ? kernels::Reduction::kWeightedSum
                                                                         : kernels::Reduction::kSum);
  encode = encoder_of(out);
  return {};
}

size_t PoolWork::cost_bytes() const {
  return id_count() * row_cost(*table) + bags() * dim() * bytes_of_value(out.type);
}

Shares::Part PoolWork::as_part() const {
  return {bounds, static_cast<int64_t>(row_cost(*table)),
          static_cast<int64_t>(dim() * bytes_of_value(out.type)), table->whole ? 1 : dim()};
}

void SharedPool::run_huge(int thread) const {
  for (size_t h = 0; h < shares_.huge().size(); ++h) {
    const auto [part, bag] = shares_.huge()[h];
    const auto columns = works_[part].columns_of(shares_.columns_of(thread, h));
    pool_alone(works_[part], bag, columns.begin, columns.end);
  }
}

void SharedPool::run(int thread) const {
  run_huge(thread);
  // The rows of the next run are fetched while the last of this one are read: tables may be small and many.
  // Raw memory, since an optional would clear all of it first.
  alignas(RowStream) std::byte memory[2][sizeof(RowStream)];
  size_t turn = 0;
  const auto open = [&](const Shares::Run& run) {
    const PoolWork& work = works_[run.part];
    turn = 1 - turn;
    return new (memory[turn]) RowStream(*work.table, work.ids, static_cast<size_t>(work.bounds[run.begin]),
                                        static_cast<size_t>(work.bounds[run.end]), work.located);
  };
  static_assert(std::is_trivially_destructible_v<RowStream>);
  Shares::Run run = shares_.first_run(thread);
  RowStream* stream = run.empty() ? nullptr : open(run);
  while (!run.empty()) {
    const PoolWork& work = works_[run.part];
    const Shares::Run next = shares_.next_run(thread, run);
    RowStream* following = nullptr;
    for (size_t bag = run.begin; bag < run.end; ++bag) {
      if (!following && !next.empty() && stream->all_located()) following = open(next);
      if (needs_column_blocks(work))
        pool_alone(work, bag, 0, work.dim());
      else
        pool_bag(work, bag, *stream, 0, work.dim());
    }
    stream = following || next.empty() ? following : open(next);
    run = next;
  }
}

}  // namespace windrow
