// What the kernels of a training step share: contributions, columns; read once per target.
#if defined(WINDROW_KERNELS_UPDATE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_UPDATE_INL_H_
#undef WINDROW_KERNELS_UPDATE_INL_H_
#else
#define WINDROW_KERNELS_UPDATE_INL_H_
#endif

#include <hwy/highway.h>

#include "kernels/floats-inl.h"
#include "base/prefetch.h"
#include "kernels/update.h"

HWY_BEFORE_NAMESPACE();
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The contribution of occurrence i to Lanes(d) columns from `column` on.
struct PlainContribution {
  template <class D>
  static HWY_INLINE hn::Vec<D> load(D d, const Occurrences& from, size_t i, size_t column) {
    return load_floats(d, from.gradients[i], column);
  }
};

struct FactorContribution {
  template <class D>
  static HWY_INLINE hn::Vec<D> load(D d, const Occurrences& from, size_t i, size_t column) {
    return hn::Mul(load_floats(d, from.gradients[i], column), hn::Set(d, from.factors[i]));
  }
};

struct WinnerContribution {
  template <class D>
  static HWY_INLINE hn::Vec<D> load(D d, const Occurrences& from, size_t i, size_t column) {
    const hn::Rebind<uint32_t, D> places;
    const auto won = hn::Eq(hn::LoadU(places, from.winners[i] + column), hn::Set(places, from.places[i]));
    return hn::IfThenElseZero(hn::RebindMask(d, won), load_floats(d, from.gradients[i], column));
  }
};

// Fetching for a store was slower than fetching for a load.
HWY_INLINE void prefetch_columns(const uint8_t* row, size_t column_begin, size_t column_end) {
  prefetch_range(row + column_begin * sizeof(float), (column_end - column_begin) * sizeof(float));
}

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

}  // namespace windrow::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
