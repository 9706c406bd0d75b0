#include "kernels/pool.h"

#include "base/prefetch.h"
#include "kernels/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pool.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/floats-inl.h"

HWY_BEFORE_NAMESPACE();
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

struct Sum {
  template <class D>
  static hn::Vec<D> first(D d, const PoolRun&, size_t) {
    return hn::Zero(d);
  }

  template <class D>
  static hn::Vec<D> add(D d, hn::Vec<D> acc, const PoolRun& run, size_t i, size_t col) {
    return hn::Add(acc, load_floats(d, run.rows[i], col));
  }
};

struct WeightedSum : Sum {
  template <class D>
  static hn::Vec<D> add(D d, hn::Vec<D> acc, const PoolRun& run, size_t i, size_t col) {
    const auto weight = hn::Set(d, run.weights[i]);
    return hn::Add(acc, hn::Mul(weight, load_floats(d, run.rows[i], col)));  // two roundings, on purpose
  }
};

struct Max {
  // The first row meets itself once more in the loop, which changes nothing, not even a NaN.
  template <class D>
  static hn::Vec<D> first(D d, const PoolRun& run, size_t col) {
    return load_floats(d, run.rows[0], col);
  }

  template <class D>
  static hn::Vec<D> add(D d, hn::Vec<D> acc, const PoolRun& run, size_t i, size_t col) {
    const auto x = load_floats(d, run.rows[i], col);
    return hn::IfThenElse(hn::Gt(x, acc), x, acc);
  }
};

// Where the up to four vectors of a pass stand. They may overlap: columns are independent, and every vector
// is loaded before any is stored.
struct Columns {
  size_t at[4];
};

// The part of a row that is prefetched.
struct Fetch {
  size_t offset, bytes;
};

// What the accumulators of a run begin with.
template <class Op, class D>
hn::Vec<D> start(D d, const PoolRun& run, size_t col, const float* out) {
  return run.begins ? Op::first(d, run, col) : hn::LoadU(d, out + col);
}

template <class D>
void finish(D d, hn::Vec<D> acc, const PoolRun& run, float* out) {
  if (run.divisor != 0) acc = hn::Div(acc, hn::Set(d, run.divisor));
  hn::StoreU(acc, d, out);
}

// One pass over the rows for `kVectors` vectors of columns. The last begins with `last`, read before earlier
// passes may have changed the columns it shares with them. Lines are visited from the last one on (3-0-1-2):
// in ascending order the hardware prefetcher fetches lines behind the row that nobody wants (bench/README.md,
// "Order of lines").
template <class Op, size_t kVectors, bool kPrefetch, class D>
void pool_pass(D d, const PoolRun& run, const Columns& columns, const Fetch& fetch, hn::Vec<D> last,
               float* out) {
  const auto& at = columns.at;
  auto acc0 = kVectors > 1 ? start<Op>(d, run, at[0], out) : last;
  auto acc1 = kVectors > 2 ? start<Op>(d, run, at[1], out) : last;
  auto acc2 = kVectors > 3 ? start<Op>(d, run, at[2], out) : last;
  auto acc3 = last;
  for (size_t i = 0; i < run.count; ++i) {
    if constexpr (kPrefetch) prefetch_range(run.rows[i + run.ahead] + fetch.offset, fetch.bytes);
    if constexpr (kVectors > 3) acc3 = Op::add(d, acc3, run, i, at[3]);
    acc0 = Op::add(d, acc0, run, i, at[0]);
    if constexpr (kVectors > 1) acc1 = Op::add(d, acc1, run, i, at[1]);
    if constexpr (kVectors > 2) acc2 = Op::add(d, acc2, run, i, at[2]);
  }
  finish(d, acc0, run, out + at[0]);
  if constexpr (kVectors > 1) finish(d, acc1, run, out + at[1]);
  if constexpr (kVectors > 2) finish(d, acc2, run, out + at[2]);
  if constexpr (kVectors > 3) finish(d, acc3, run, out + at[3]);
}

// Passes of four vectors, then one of what is left. Where the columns are no multiple of the vector, the last
// vector stands at end - lanes and repeats some columns: the same bits, and no read behind the row.
template <class Op, class D>
void pool_columns(D d, const PoolRun& run, size_t begin, size_t end, float* out) {
  const size_t lanes = hn::Lanes(d);
  const size_t last_col = end - lanes;
  const auto last = start<Op>(d, run, last_col, out);
  const Fetch fetch{begin * sizeof(float), (end - begin) * sizeof(float)};
  bool prefetch = run.ahead > 0;  // by the first pass, for all
  for (size_t col = begin; col < end;) {
    const size_t vectors = HWY_MIN(size_t{4}, (end - col + lanes - 1) / lanes);
    const bool reaches_end = col + vectors * lanes >= end;
    Columns columns;
    for (size_t v = 0; v < 4; ++v) columns.at[v] = HWY_MIN(col + v * lanes, last_col);
    const auto pass_last = reaches_end ? last : start<Op>(d, run, columns.at[3], out);
    switch (vectors * 2 + (prefetch ? 1 : 0)) {
      case 2:
        pool_pass<Op, 1, false>(d, run, columns, fetch, pass_last, out);
        break;
      case 3:
        pool_pass<Op, 1, true>(d, run, columns, fetch, pass_last, out);
        break;
      case 4:
        pool_pass<Op, 2, false>(d, run, columns, fetch, pass_last, out);
        break;
      case 5:
        pool_pass<Op, 2, true>(d, run, columns, fetch, pass_last, out);
        break;
      case 6:
        pool_pass<Op, 3, false>(d, run, columns, fetch, pass_last, out);
        break;
      case 7:
        pool_pass<Op, 3, true>(d, run, columns, fetch, pass_last, out);
        break;
      case 8:
        pool_pass<Op, 4, false>(d, run, columns, fetch, pass_last, out);
        break;
      default:
        pool_pass<Op, 4, true>(d, run, columns, fetch, pass_last, out);
        break;
    }
    col += vectors * lanes;
    prefetch = false;
  }
}

// The widest vector that is not wider than the columns.
template <class Op, size_t kLanes>
void pool_widest(const PoolRun& run, size_t begin, size_t end, float* out) {
  const hn::CappedTag<float, kLanes> d;
  if constexpr (kLanes > 1) {
    if (hn::Lanes(d) > end - begin) return pool_widest<Op, kLanes / 2>(run, begin, end, out);
  }
  pool_columns<Op>(d, run, begin, end, out);
}

void PoolSum(const PoolRun& run, size_t begin, size_t end, float* out) {
  pool_widest<Sum, 16>(run, begin, end, out);
}
void PoolWeightedSum(const PoolRun& run, size_t begin, size_t end, float* out) {
  pool_widest<WeightedSum, 16>(run, begin, end, out);
}
void PoolMax(const PoolRun& run, size_t begin, size_t end, float* out) {
  pool_widest<Max, 16>(run, begin, end, out);
}

}  // namespace windrow::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

HWY_EXPORT(PoolSum);
HWY_EXPORT(PoolWeightedSum);
HWY_EXPORT(PoolMax);

PoolFn pool(Reduction reduction) {
  choose_target_once();
  switch (reduction) {
    case Reduction::kSum:
      return HWY_DYNAMIC_DISPATCH(PoolSum);
    case Reduction::kWeightedSum:
      return HWY_DYNAMIC_DISPATCH(PoolWeightedSum);
    case Reduction::kMax:
      return HWY_DYNAMIC_DISPATCH(PoolMax);
  }
  return nullptr;  // unreachable: every enumerator is above
}

}  // namespace windrow::kernels
#endif
