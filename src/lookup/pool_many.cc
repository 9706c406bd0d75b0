#include "windrow/pool_many.h"

#include <algorithm>
#include <vector>

#include "base/fail.h"
#include "base/guard.h"
#include "base/parallel.h"
#include "lookup/lookup_threads.h"
#include "lookup/pool_work.h"
#include "table/request.h"
#include "table/whole_check.h"

namespace windrow {

namespace {

constexpr int kMaxParts = 65536;

// Several checked requests. What they point to stays where it is, also when this is moved.
struct PoolBatch {
  std::vector<Table> tables;  // keeps them
  std::vector<BagOffsets> offsets;
  std::vector<PoolWork> works;
  std::vector<Shares::Part> parts;

  void add(const PoolWork& work) {
    works.push_back(work);
    parts.push_back(work.as_part());
  }
  size_t ids() const {
    size_t count = 0;
    for (const auto& work : works) count += work.id_count();
    return count;
  }
  size_t cost_bytes() const {
    size_t bytes = 0;
    for (const auto& work : works) bytes += work.cost_bytes();
    return bytes;
  }
  LookupReport report() const {
    LookupReport sum;
    for (const auto& work : works) sum.skipped_ids += work.skipped_ids;
    return sum;
  }
  Result<LookupReport> run(int requested_threads) const {
    std::vector<WholeCheck> checks;
    for (const auto& work : works) checks.emplace_back(*work.table);
    const int threads = lookup_threads(requested_threads, ids(), cost_bytes());
    const Team team(threads);
    const SharedPool shared(works, parts, team.size());
    team.run(team.size(), [&](int thread) { shared.run(thread); });
    for (const auto& check : checks) {
      if (auto read = check.end(); !read) return pass(read);
    }
    return report();
  }
};

template <class T>
tl::unexpected<Error> in_number(const char* what, size_t number, Result<T>& result) {
  return fail(result.error().code, what, " ", number, ": ", std::string_view(result.error().message));
}

Result<PoolBatch> check_all(std::span<const PoolRequest> requests, const LookupOptions& options) {
  PoolBatch batch;
  batch.offsets.reserve(requests.size());
  for (size_t r = 0; r < requests.size(); ++r) {
    if (!requests[r].table) return fail(ErrorCode::kInvalidArgument, "request ", r, ": no table is given");
    auto& offsets = batch.offsets.emplace_back();
    if (auto read = offsets.read(requests[r].bags); !read) return in_number("request", r, read);
    PoolWork work;
    if (auto taken = work.take(requests[r], offsets.bounds(), options); !taken)
      return in_number("request", r, taken);
    batch.tables.push_back(*requests[r].table);
    batch.add(work);
  }
  return batch;
}

// Where the columns of each key end; kInvalidArgument when they do not fit or overlap.
Result<void> check_columns(std::span<const JaggedKey> keys, size_t row_stride) {
  std::vector<std::pair<size_t, size_t>> columns;  // first one, key
  for (size_t k = 0; k < keys.size(); ++k) {
    if (!keys[k].table) return fail(ErrorCode::kInvalidArgument, "key ", k, ": no table is given");
    columns.emplace_back(keys[k].first_column, k);
  }
  std::sort(columns.begin(), columns.end());
  size_t free = 0;
  for (const auto& [first, key] : columns) {
    const auto dim = static_cast<size_t>(keys[key].table->dim());
    if (first > row_stride || dim > row_stride - first) {
      return fail(ErrorCode::kInvalidArgument, "key ", key, ": ", dim, " columns from column ", first,
                  " on do not fit into out's row stride of ", row_stride);
    }
    if (first < free) {
      return fail(ErrorCode::kInvalidArgument, "key ", key, ": its columns, from ", first,
                  " on, overlap those of another key, which end at ", free);
    }
    free = first + dim;
  }
  return {};
}

Result<PoolBatch> check_jagged(std::span<const JaggedKey> keys, const Bags& bags, RowsOut out,
                               const LookupOptions& options) {
  PoolBatch batch;
  auto& offsets = batch.offsets.emplace_back();
  if (auto read = offsets.read(bags); !read) return pass(read);
  if (keys.empty() ? offsets.bags() > 0 : offsets.bags() % keys.size() != 0) {
    return fail(ErrorCode::kInvalidArgument, offsets.bags(), " bags for ", keys.size(),
                " keys: each key needs as many as the others");
  }
  if (auto columns = check_columns(keys, out.row_stride); !columns) return pass(columns);
  const auto bounds = offsets.bounds();
  const size_t batch_size = keys.empty() ? 0 : (bounds.size() - 1) / keys.size();
  if (auto checked = check_rows(out, batch_size, 0, "out"); !checked) return pass(checked);
  for (size_t k = 0; k < keys.size(); ++k) {
    PoolWork work;
    if (auto taken = work.take({keys[k].table, bags, keys[k].pooling, out.from_column(keys[k].first_column)},
                               bounds.subspan(k * batch_size, batch_size + 1), options);
        !taken) {
      return in_number("key", k, taken);
    }
    batch.add(work);
  }
  return batch;
}

}  // namespace

Result<LookupReport> pool_many(std::span<const PoolRequest> requests, const LookupOptions& options) {
  return guard([&]() -> Result<LookupReport> {
    auto batch = check_all(requests, options);
    if (!batch) return pass(batch);
    return batch->run(options.threads);
  });
}

Result<LookupReport> pool_jagged(std::span<const JaggedKey> keys, const Bags& bags, RowsOut out,
                                 const LookupOptions& options) {
  return guard([&]() -> Result<LookupReport> {
    auto batch = check_jagged(keys, bags, out, options);
    if (!batch) return pass(batch);
    return batch->run(options.threads);
  });
}

struct PoolPlan::State {
  PoolBatch batch;
  int parts;
  SharedPool shared;

  State(PoolBatch checked, int count)
      : batch(std::move(checked)), parts(count), shared(batch.works, batch.parts, count) {}
};

Result<PoolPlan> PoolPlan::make(std::span<const PoolRequest> requests, int parts,
                                const LookupOptions& options) {
  return guard([&]() -> Result<PoolPlan> {
    if (parts < 1 || parts > kMaxParts) {
      return fail(ErrorCode::kInvalidArgument, "parts is ", parts, ", and must be from 1 to ", kMaxParts);
    }
    auto batch = check_all(requests, options);
    if (!batch) return pass(batch);
    for (size_t r = 0; r < batch->works.size(); ++r) {
      if (!batch->works[r].table->whole) continue;
      return fail(ErrorCode::kUnsupported, "request ", r,
                  ": the parts of a plan cannot say that a row was not read whole: open the table without "
                  "whole_rows");
    }
    return PoolPlan(std::make_unique<State>(std::move(*batch), parts));
  });
}

PoolPlan::PoolPlan(std::unique_ptr<State> state) : state_(std::move(state)) {}
PoolPlan::~PoolPlan() = default;
PoolPlan::PoolPlan(PoolPlan&&) noexcept = default;
PoolPlan& PoolPlan::operator=(PoolPlan&&) noexcept = default;

int PoolPlan::parts() const {
  return state_->parts;
}

void PoolPlan::run(int part) const {
  if (part >= 0 && part < state_->parts) state_->shared.run(part);
}

LookupReport PoolPlan::report() const {
  return state_->batch.report();
}

}  // namespace windrow
