// Walks over the columns of a row; read once per target.
#if defined(WINDROW_KERNELS_COLUMNS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_COLUMNS_INL_H_
#undef WINDROW_KERNELS_COLUMNS_INL_H_
#else
#define WINDROW_KERNELS_COLUMNS_INL_H_
#endif

#include <hwy/highway.h>

#include "kernels/concurrent.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Calls body(d, column) for the columns [column, end) in vectors of at most `kLanes` lanes: whole ones, then
// half ones, down to one lane. Every column is met once, which an update in place needs.
template <size_t kLanes, class Body>
HWY_INLINE void for_each_column(size_t column, size_t end, const Body& body) {
  const hn::CappedTag<float, kLanes> d;
  for (; column + hn::Lanes(d) <= end; column += hn::Lanes(d)) body(d, column);
  if constexpr (kLanes > 1) {
    if (column < end) for_each_column<kLanes / 2>(column, end, body);
  }
}

// The same, but of every four whole vectors the last two first.
template <class Body>
HWY_INLINE void for_each_column_group(size_t column, size_t end, const Body& body) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  for (; column + 4 * lanes <= end; column += 4 * lanes) {
    body(d, column + 2 * lanes);
    body(d, column + 3 * lanes);
    body(d, column);
    body(d, column + lanes);
  }
  for_each_column<hn::MaxLanes(hn::ScalableTag<float>())>(column, end, body);
}

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
