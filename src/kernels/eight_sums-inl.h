// Sums over the columns of a row in eight parts; read once per target.
#if defined(WINDROW_KERNELS_EIGHT_SUMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_EIGHT_SUMS_INL_H_
#undef WINDROW_KERNELS_EIGHT_SUMS_INL_H_
#else
#define WINDROW_KERNELS_EIGHT_SUMS_INL_H_
#endif

#include <hwy/highway.h>

#include "kernels/concurrent.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The sum of value(d, column), Lanes(d) of them a call, over columns [0, columns): column c adds to part c mod 8, in
// ascending order, and ((p0 + p1) + (p2 + p3)) + ((p4 + p5) + (p6 + p7)) is the result.
//
// A vector of eight lanes, or two of four, holds the parts. A row is a chain of additions either way; wider vectors would
// not shorten it.
template <class Value>
HWY_INLINE float eight_sums(size_t columns, const Value& value) {
  float p[8] = {};
  size_t column = 0;
  const hn::CappedTag<float, HWY_HAVE_SCALABLE ? 4 : 8> d;
  if constexpr (hn::MaxLanes(d) == 8) {
    auto sums = hn::Zero(d);
    for (; column + 8 <= columns; column += 8) sums = hn::Add(sums, value(d, column));
    hn::StoreU(sums, d, p);
  } else if constexpr (hn::MaxLanes(d) == 4) {
    auto low = hn::Zero(d), high = hn::Zero(d);
    for (; column + 8 <= columns; column += 8) {
      low = hn::Add(low, value(d, column));
      high = hn::Add(high, value(d, column + 4));
    }
    hn::StoreU(low, d, p);
    hn::StoreU(high, d, p + 4);
  }
  const hn::CappedTag<float, 1> one;
  for (; column < columns; ++column) p[column % 8] = p[column % 8] + hn::GetLane(value(one, column));
  return ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7]));
}

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
