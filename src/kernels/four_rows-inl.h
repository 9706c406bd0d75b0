// Sums over the columns of four rows at a time; read once per target.
#if defined(WINDROW_KERNELS_FOUR_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_FOUR_ROWS_INL_H_
#undef WINDROW_KERNELS_FOUR_ROWS_INL_H_
#else
#define WINDROW_KERNELS_FOUR_ROWS_INL_H_
#endif

#include <hwy/highway.h>

#include "kernels/codecs-inl.h"
#include "kernels/concurrent.h"
#include "kernels/eight_sums-inl.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A row's sum is a chain of additions, each of which waits for the one before: four rows, and something beside, are
// eight chains, which keep two adders busy.
enum class Beside { kNothing, kSquares, kNextQuery };

// What a column adds: q * x, or (q - x) * (q - x).
template <bool kDistances, class V>
HWY_INLINE V term(V q, V x) {
  if constexpr (kDistances) {
    const V difference = hn::Sub(q, x);
    return hn::Mul(difference, difference);
  } else {
    return hn::Mul(q, x);
  }
}

template <bool kDistances, class V>
HWY_INLINE void add_terms(V q, V x0, V x1, V x2, V x3, V& sum0, V& sum1, V& sum2, V& sum3) {
  sum0 = hn::Add(sum0, term<kDistances>(q, x0));
  sum1 = hn::Add(sum1, term<kDistances>(q, x1));
  sum2 = hn::Add(sum2, term<kDistances>(q, x2));
  sum3 = hn::Add(sum3, term<kDistances>(q, x3));
}

template <class V>
HWY_INLINE void add_squares(V x0, V x1, V x2, V x3, V& sum0, V& sum1, V& sum2, V& sum3) {
  sum0 = hn::Add(sum0, hn::Mul(x0, x0));
  sum1 = hn::Add(sum1, hn::Mul(x1, x1));
  sum2 = hn::Add(sum2, hn::Mul(x2, x2));
  sum3 = hn::Add(sum3, hn::Mul(x3, x3));
}

// four_rows(source, query, next, sums, second):
//
// sums[i], and second[i] where there is something beside, for the four rows of `source`: eight partial sums each, column c
// to number c mod 8, and ((p0 + p1) + (p2 + p3)) + ((p4 + p5) + (p6 + p7)). Queries are padded with zeros to whole eights.

#if HWY_TARGET == HWY_SCALAR  // no vectors: row by row

template <class Codec, bool kDistances, Beside kBeside>
HWY_INLINE void four_rows(const Source& source, const float* query, const float* next, float* sums,
                          float* second) {
  for (size_t i = 0; i < 4; ++i) {
    const auto x = [&](auto d, size_t column) HWY_ATTR {
      return Codec::load(d, source.rows[i], column, Codec::scale(d, source, i), Codec::bias(d, source, i));
    };
    const auto sum_with = [&](const float* q) HWY_ATTR {
      return eight_sums(source.dim, [&](auto d, size_t column) HWY_ATTR {
        return term<kDistances>(hn::Set(d, q[column]), x(d, column));
      });
    };
    sums[i] = sum_with(query);
    if constexpr (kBeside == Beside::kNextQuery) second[i] = sum_with(next);
    if constexpr (kBeside == Beside::kSquares) {
      second[i] = eight_sums(source.dim, [&](auto d, size_t column) HWY_ATTR {
        const auto value = x(d, column);
        return hn::Mul(value, value);
      });
    }
  }
}

#else

// The last columns of a row, from `column` on, zeros behind them. They come with those before them, in a vector that ends
// where the row ends: nothing behind the row is read.
template <class Codec, class D>
HWY_INLINE hn::Vec<D> load_last(D d, const Source& source, size_t i, size_t column, hn::Vec<D> scale,
                                hn::Vec<D> bias) {
  const size_t lanes = hn::Lanes(d), left = source.dim - column;
  if (source.dim >= lanes) {
    const hn::RebindToSigned<D> s;
    const auto ends = Codec::load(d, source.rows[i], source.dim - lanes, scale, bias);
    const auto places = hn::And(hn::Add(hn::Iota(s, 0), hn::Set(s, static_cast<int32_t>(lanes - left))),
                                hn::Set(s, static_cast<int32_t>(lanes - 1)));
    return hn::IfThenElseZero(hn::FirstN(d, left), hn::TableLookupLanes(ends, hn::IndicesFromVec(d, places)));
  }
  float values[8] = {};
  const hn::CappedTag<float, 1> one;
  for (size_t c = 0; c < left; ++c) {
    values[c] = hn::GetLane(Codec::load(one, source.rows[i], column + c, Codec::scale(one, source, i),
                                        Codec::bias(one, source, i)));
  }
  return hn::LoadU(d, values);
}

// Of four vectors of partial sums p0, p1, p2, p3 (and p4 to p7): (p0 + p1) + (p2 + p3) of each, in lanes 0 to 3 (and the
// other half of the tree, in lanes 4 to 7). Lanes are paired before they are added, so that no addition is wasted.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V half_trees(D d, V a, V b, V c, V e) {
  const hn::Repartition<uint64_t, D> pairs;
  const auto in_twos = [](V x) HWY_ATTR { return hn::Add(x, hn::Shuffle2301(x)); };
  const auto ab = hn::OddEven(in_twos(b), in_twos(a)), ce = hn::OddEven(in_twos(e), in_twos(c));
  const auto abs = hn::Add(ab, hn::Shuffle1032(ab)), ces = hn::Add(ce, hn::Shuffle1032(ce));
  return hn::BitCast(d, hn::OddEven(hn::BitCast(pairs, ces), hn::BitCast(pairs, abs)));
}

// The partial sums that lie in columns `begin` to `begin` + Lanes(d) of every eight: their half_trees().
template <class Codec, bool kDistances, Beside kBeside, class D, class V = hn::Vec<D>>
HWY_INLINE void part_sums(D d, size_t begin, const Source& source, const float* HWY_RESTRICT query,
                          const float* HWY_RESTRICT next, V& first, V& second) {
  const uint8_t *r0 = source.rows[0], *r1 = source.rows[1], *r2 = source.rows[2], *r3 = source.rows[3];
  const V scale0 = Codec::scale(d, source, 0), scale1 = Codec::scale(d, source, 1),
          scale2 = Codec::scale(d, source, 2), scale3 = Codec::scale(d, source, 3);
  const V bias0 = Codec::bias(d, source, 0), bias1 = Codec::bias(d, source, 1),
          bias2 = Codec::bias(d, source, 2), bias3 = Codec::bias(d, source, 3);
  V a0 = hn::Zero(d), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  size_t column = begin;
  for (; column + hn::Lanes(d) <= source.dim; column += 8) {
    const V x0 = Codec::load(d, r0, column, scale0, bias0), x1 = Codec::load(d, r1, column, scale1, bias1),
            x2 = Codec::load(d, r2, column, scale2, bias2), x3 = Codec::load(d, r3, column, scale3, bias3);
    add_terms<kDistances>(hn::LoadU(d, query + column), x0, x1, x2, x3, a0, a1, a2, a3);
    if constexpr (kBeside == Beside::kNextQuery)
      add_terms<kDistances>(hn::LoadU(d, next + column), x0, x1, x2, x3, b0, b1, b2, b3);
    if constexpr (kBeside == Beside::kSquares) add_squares(x0, x1, x2, x3, b0, b1, b2, b3);
  }
  // A part is never -0, so that the zeros behind the last column change nothing.
  if (column < source.dim) {
    const V x0 = load_last<Codec>(d, source, 0, column, scale0, bias0),
            x1 = load_last<Codec>(d, source, 1, column, scale1, bias1),
            x2 = load_last<Codec>(d, source, 2, column, scale2, bias2),
            x3 = load_last<Codec>(d, source, 3, column, scale3, bias3);
    add_terms<kDistances>(hn::LoadU(d, query + column), x0, x1, x2, x3, a0, a1, a2, a3);
    if constexpr (kBeside == Beside::kNextQuery)
      add_terms<kDistances>(hn::LoadU(d, next + column), x0, x1, x2, x3, b0, b1, b2, b3);
    if constexpr (kBeside == Beside::kSquares) add_squares(x0, x1, x2, x3, b0, b1, b2, b3);
  }
  first = half_trees(d, a0, a1, a2, a3);
  if constexpr (kBeside != Beside::kNothing) second = half_trees(d, b0, b1, b2, b3);
}

// Vectors of four lanes walk over the row twice, with each half of every eight columns: so eight chains fit into
// registers.
template <class Codec, bool kDistances, Beside kBeside, class D>
HWY_INLINE void sums_of_eight(D d, const Source& source, const float* query, const float* next, float* sums,
                              float* second) {
  auto first_low = hn::Zero(d), second_low = first_low;
  part_sums<Codec, kDistances, kBeside>(d, 0, source, query, next, first_low, second_low);
  if constexpr (hn::MaxLanes(D()) == 8) {
    const hn::Half<D> half;
    hn::StoreU(hn::Add(hn::LowerHalf(half, first_low), hn::UpperHalf(half, first_low)), half, sums);
    if constexpr (kBeside != Beside::kNothing)
      hn::StoreU(hn::Add(hn::LowerHalf(half, second_low), hn::UpperHalf(half, second_low)), half, second);
  } else {
    auto first_high = first_low, second_high = first_low;
    part_sums<Codec, kDistances, kBeside>(d, 4, source, query, next, first_high, second_high);
    hn::StoreU(hn::Add(first_low, first_high), d, sums);
    if constexpr (kBeside != Beside::kNothing) hn::StoreU(hn::Add(second_low, second_high), d, second);
  }
}

template <class Codec, bool kDistances, Beside kBeside>
HWY_INLINE void four_rows(const Source& source, const float* query, const float* next, float* sums,
                          float* second) {
  const hn::CappedTag<float, HWY_HAVE_SCALABLE ? 4 : 8> d;
  sums_of_eight<Codec, kDistances, kBeside>(d, source, query, next, sums, second);
}

#endif  // HWY_TARGET

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
