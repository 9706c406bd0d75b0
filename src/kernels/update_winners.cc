#include "kernels/dispatch.h"
#include "kernels/update.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/update_winners.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/floats-inl.h"
#include "kernels/update-inl.h"

HWY_BEFORE_NAMESPACE();
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The winners of Lanes(d) columns. Places are kept in float lanes, bit for bit, so that one mask moves both.
template <class D>
HWY_INLINE void find_in_columns(D d, const uint8_t* const* rows, const uint32_t* places, size_t count,
                                size_t column, uint32_t* winners) {
  const hn::Rebind<uint32_t, D> u;
  auto best = load_floats(d, rows[0], column);
  auto winner = hn::BitCast(d, hn::Set(u, places[0]));
  for (size_t i = 1; i < count; ++i) {
    const auto x = load_floats(d, rows[i], column);
    const auto beats = hn::Gt(x, best);
    best = hn::IfThenElse(beats, x, best);
    winner = hn::IfThenElse(beats, hn::BitCast(d, hn::Set(u, places[i])), winner);
  }
  hn::StoreU(hn::BitCast(u, winner), u, winners + column);
}

void FindWinners(const uint8_t* const* rows, const uint32_t* places, size_t count, size_t column_begin,
                 size_t column_end, uint32_t* winners) {
  for_each_column<hn::MaxLanes(hn::ScalableTag<float>())>(
      column_begin, column_end,
      [&](auto d, size_t column) HWY_ATTR { find_in_columns(d, rows, places, count, column, winners); });
}

}  // namespace windrow::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

HWY_EXPORT(FindWinners);

FindWinnersFn find_winners() {
  choose_target_once();
  return HWY_DYNAMIC_DISPATCH(FindWinners);
}

}  // namespace windrow::kernels
#endif  // HWY_ONCE
