#include "train/apply.h"

#include <algorithm>
#include <array>

#include "base/parallel.h"
#include "base/shares.h"

namespace windrow {

namespace {

using kernels::kRowsAhead;

// Rows located at a time: enough to make the call of the kernel cheap, few enough for the first-level cache.
constexpr size_t kBlockRows = 64;

// Touching a row costs as much as reading this many gradient rows, by lines moved: weights, and the state
// where there is one, are read and written, mostly from memory, where gradient rows mostly come from a cache.
constexpr int64_t kRowCost = 4;

struct Job {
  const Coalescer& rows;
  MutableRows& weights;
  MutableRows& states;
  size_t dim;
  kernels::UpdateRowsFn update;
  kernels::RowUpdates call;  // what all calls of the kernel have in common
};

void mark(MutableRows& tensor, int64_t row, size_t bytes) {
  if (tensor.base) tensor.blocks.mark(static_cast<uint64_t>(row) * tensor.stride_bytes, bytes);
}

// Updates the given columns of the distinct rows [begin, end).
void update_run(const Job& job, size_t begin, size_t end, Shares::Columns columns) {
  std::array<uint8_t*, kBlockRows + kRowsAhead> weights, states;
  kernels::RowUpdates call = job.call;
  call.weights = weights.data();
  call.states = states.data();
  call.column_begin = columns.begin;
  call.column_end = columns.end;
  for (size_t first = begin; first < end; first += kBlockRows) {
    call.rows = std::min(kBlockRows, end - first);
    call.bounds = job.rows.bounds().data() + first;
    const size_t reach = std::min(job.rows.rows() - first, call.rows + kRowsAhead);
    for (size_t k = 0; k < reach; ++k) {
      const auto row = job.rows.row(first + k);
      weights[k] = job.weights.base + static_cast<size_t>(row) * job.weights.stride_bytes;
      states[k] =
          job.states.base ? job.states.base + static_cast<size_t>(row) * job.states.stride_bytes : nullptr;
      if (k >= call.rows) continue;
      mark(job.weights, row, job.dim * sizeof(float));
      mark(job.states, row, job.dim * sizeof(float));
    }
    std::fill(weights.begin() + static_cast<std::ptrdiff_t>(reach),
              weights.begin() + static_cast<std::ptrdiff_t>(call.rows + kRowsAhead), nullptr);
    job.update(call);
  }
}

}  // namespace

void apply(const Gradient& gradient, const OptimizerRule& rule, MutableRows& weights, MutableRows& states,
           size_t dim, int threads) {
  const Coalescer& rows = gradient.rows();
  if (rows.rows() == 0) return;
  const Shares::Part part{rows.bounds(), 1, kRowCost, dim};
  const Shares shares({&part, 1}, threads);
  Job job{rows, weights, states, dim, kernels::update_rows(rule.rule, gradient.contribution()), {}};
  job.call.scalars = rule.scalars;
  job.call.occurrences = gradient.occurrences();
  parallel(threads, [&](int t) {
    for (size_t h = 0; h < shares.huge().size(); ++h) {
      const auto mine = shares.columns_of(t, h);
      if (!mine.empty()) update_run(job, shares.huge()[h].group, shares.huge()[h].group + 1, mine);
    }
    for (auto run = shares.first_run(t); !run.empty(); run = shares.next_run(t, run)) {
      update_run(job, run.begin, run.end, {0, dim});
    }
  });
}

}  // namespace windrow
