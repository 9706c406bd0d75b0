// Pooling of rows whose values are whole bytes; read once per target.
#if defined(WINDROW_KERNELS_POOL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_POOL_INL_H_
#undef WINDROW_KERNELS_POOL_INL_H_
#else
#define WINDROW_KERNELS_POOL_INL_H_
#endif

#include "base/prefetch.h"
#include "kernels/codecs-inl.h"
#include "kernels/concurrent.h"
#include "kernels/pool.h"
#include "kernels/reductions-inl.h"
#include "kernels/scales.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {

// The part of a row that is prefetched.
struct Fetch {
  size_t offset, bytes;
};

// That of columns [begin, end), with what stands behind the codes.
template <class Codec>
Fetch fetch_of(const RowFormat& format, const Rows& rows, size_t begin, size_t end) {
  if (rows.ahead == 0) return {0, 0};
  const size_t offset = begin * Codec::kBits / 8;
  const bool to_the_end =
      end == static_cast<size_t>(format.dim) || Codec::kBits < 8 || format.row_bytes() > format.code_bytes();
  const size_t stop = to_the_end ? format.row_bytes() : end * Codec::kBits / 8;
  return {offset, stop - offset};
}

// What a pass over the rows of a run reads.
struct Pass {
  Source source;
  size_t count, ahead;
  const float* weights;
  bool begins;
  float divisor;
  size_t origin;  // the column of out[0]
};

inline Pass pass_of(const RowFormat& format, const PoolRun& run, size_t origin) {
  return {{run.rows.at, nullptr, static_cast<size_t>(format.dim)},
          run.rows.count,
          run.rows.ahead,
          run.weights,
          run.begins,
          run.divisor,
          origin};
}

// Where the up to four vectors of a pass stand. They may overlap: columns are independent, and every vector
// is loaded before any is stored.
struct Places {
  size_t at[4];
};

// What the accumulators of a run begin with.
template <class Codec, class Op, class D>
hn::Vec<D> start(D d, const Pass& pass, size_t col, const float* out) {
  if (!pass.begins) return hn::LoadU(d, out + (col - pass.origin));
  if constexpr (!Op::kFromFirst) return hn::Zero(d);
  const Source& source = pass.source;
  return Codec::load(d, source.rows[0], col, Codec::scale(d, source, 0), Codec::bias(d, source, 0));
}

template <class D>
void finish(D d, hn::Vec<D> acc, const Pass& pass, size_t col, float* out) {
  if (pass.divisor != 0) acc = hn::Div(acc, hn::Set(d, pass.divisor));
  hn::StoreU(acc, d, out + (col - pass.origin));
}

// One pass over the rows for `kVectors` vectors of columns. The last begins with `last`, read before earlier
// passes may have changed the columns it shares with them. Lines are visited from the last one on (3-0-1-2):
// in ascending order the hardware prefetcher fetches lines behind the row that nobody wants (bench/README.md,
// "Order of lines").
template <class Codec, class Op, size_t kVectors, class D>
void pool_pass(D d, const Pass& pass, const Places& places, const Fetch& fetch, hn::Vec<D> last, float* out) {
  const auto& at = places.at;
  const Source& source = pass.source;
  auto acc0 = kVectors > 1 ? start<Codec, Op>(d, pass, at[0], out) : last;
  auto acc1 = kVectors > 2 ? start<Codec, Op>(d, pass, at[1], out) : last;
  auto acc2 = kVectors > 3 ? start<Codec, Op>(d, pass, at[2], out) : last;
  auto acc3 = last;
  for (size_t i = 0; i < pass.count; ++i) {
    if (fetch.bytes) prefetch_range(source.rows[i + pass.ahead] + fetch.offset, fetch.bytes);
    const uint8_t* row = source.rows[i];
    const auto scale = Codec::scale(d, source, i), bias = Codec::bias(d, source, i);
    const auto weight = Op::weight(d, pass.weights, i);
    const auto x = [&](size_t col) HWY_ATTR { return Codec::load(d, row, col, scale, bias); };
    if constexpr (kVectors > 3) acc3 = Op::add(acc3, weight, x(at[3]));
    acc0 = Op::add(acc0, weight, x(at[0]));
    if constexpr (kVectors > 1) acc1 = Op::add(acc1, weight, x(at[1]));
    if constexpr (kVectors > 2) acc2 = Op::add(acc2, weight, x(at[2]));
  }
  finish(d, acc0, pass, at[0], out);
  if constexpr (kVectors > 1) finish(d, acc1, pass, at[1], out);
  if constexpr (kVectors > 2) finish(d, acc2, pass, at[2], out);
  if constexpr (kVectors > 3) finish(d, acc3, pass, at[3], out);
}

// Passes of four vectors, then one of what is left; the first prefetches for all. Where the columns are no
// multiple of the vector, the last vector stands at end - lanes and repeats some columns: the same bits, and
// no read behind the row.
template <class Codec, class Op, size_t kMaxVectors, class D>
void pool_columns(D d, const Pass& pass, Fetch fetch, size_t begin, size_t end, float* out) {
  const size_t lanes = hn::Lanes(d);
  const size_t last_col = end - lanes;
  const auto last = start<Codec, Op>(d, pass, last_col, out);
  for (size_t col = begin; col < end;) {
    const size_t vectors = HWY_MIN(kMaxVectors, (end - col + lanes - 1) / lanes);
    const bool reaches_end = col + vectors * lanes >= end;
    Places places;
    for (size_t v = 0; v < 4; ++v) places.at[v] = HWY_MIN(col + v * lanes, last_col);
    const auto pass_last = reaches_end ? last : start<Codec, Op>(d, pass, places.at[vectors - 1], out);
    if constexpr (kMaxVectors == 4) {
      if (vectors == 4) pool_pass<Codec, Op, 4>(d, pass, places, fetch, pass_last, out);
      if (vectors == 3) pool_pass<Codec, Op, 3>(d, pass, places, fetch, pass_last, out);
    }
    if (vectors == 2) pool_pass<Codec, Op, 2>(d, pass, places, fetch, pass_last, out);
    if (vectors == 1) pool_pass<Codec, Op, 1>(d, pass, places, fetch, pass_last, out);
    col += vectors * lanes;
    fetch.bytes = 0;
  }
}

// The widest vector that is not wider than the columns; of a narrower one at most two are needed.
template <class Codec, class Op, size_t kLanes, size_t kMaxVectors>
void pool_widest(const Pass& pass, const Fetch& fetch, size_t begin, size_t end, float* out) {
  const hn::CappedTag<float, kLanes> d;
  if constexpr (kLanes > 1) {
    if (hn::Lanes(d) > end - begin)
      return pool_widest<Codec, Op, kLanes / 2, 2>(pass, fetch, begin, end, out);
  }
  pool_columns<Codec, Op, kMaxVectors>(d, pass, fetch, begin, end, out);
}

// The widest vector, but for short rows of floats from memory: reading those by half a cache line at a time is
// 15 to 20 % faster on some processors (bench/README.md, "Width of vectors").
template <class Codec, class Op>
void pool_wide(const RowFormat& format, const Rows& rows, const Pass& pass, const Fetch& fetch, size_t begin,
               size_t end, float* out) {
  constexpr size_t kLanes = HWY_MIN(HWY_LANES(float), 16);
  if constexpr (Codec::kBits == 32 && kLanes > 8) {
    if (rows.half_lines && format.row_bytes() <= 4 * kCacheLine)
      return pool_widest<Codec, Op, 8, 4>(pass, fetch, begin, end, out);
  }
  pool_widest<Codec, Op, kLanes, 4>(pass, fetch, begin, end, out);
}

template <class Codec, class Op>
void pool_run(const RowFormat& format, const PoolRun& run, size_t begin, size_t end, float* out) {
  Fetch fetch = fetch_of<Codec>(format, run.rows, begin, end);
  Pass pass = pass_of(format, run, begin);
  if constexpr (Codec::kScaled) {
    float scales[kMaxRows];
    pass.source.scales = scales;
    for_each_block(format, begin, end, [&](size_t from, size_t to, size_t block) HWY_ATTR {
      load_scales(format, run.rows, block, from == begin, scales);
      pool_wide<Codec, Op>(format, run.rows, pass, fetch, from, to, out);
      fetch.bytes = 0;
    });
  } else {
    pool_wide<Codec, Op>(format, run.rows, pass, fetch, begin, end, out);
  }
}

// Defines the three entries of a codec, NAME##Sum and so on, by a template over codec and reduction.
#define WINDROW_POOL(NAME, RUN, ...)                                                                       \
  void NAME##Sum(const RowFormat& format, const PoolRun& run, size_t begin, size_t end, float* out) {      \
    RUN<__VA_ARGS__, Sum>(format, run, begin, end, out);                                                   \
  }                                                                                                        \
  void NAME##Weighted(const RowFormat& format, const PoolRun& run, size_t begin, size_t end, float* out) { \
    RUN<__VA_ARGS__, WeightedSum>(format, run, begin, end, out);                                           \
  }                                                                                                        \
  void NAME##Max(const RowFormat& format, const PoolRun& run, size_t begin, size_t end, float* out) {      \
    RUN<__VA_ARGS__, Max>(format, run, begin, end, out);                                                   \
  }

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

// Exports them, and defines a function that picks those for this CPU.
#ifndef WINDROW_POOL_EXPORT
#define WINDROW_POOL_EXPORT(NAME)                                                  \
  HWY_EXPORT(NAME##Sum);                                                           \
  HWY_EXPORT(NAME##Weighted);                                                      \
  HWY_EXPORT(NAME##Max);                                                           \
  static PoolFns pick_##NAME() {                                                   \
    choose_target_once();                                                          \
    return {HWY_DYNAMIC_DISPATCH(NAME##Sum), HWY_DYNAMIC_DISPATCH(NAME##Weighted), \
            HWY_DYNAMIC_DISPATCH(NAME##Max)};                                      \
  }
#endif

#endif
