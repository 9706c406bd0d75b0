#include "kernels/winners.h"
#include "kernels/concurrent.h"
#include "kernels/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/winners.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/columns-inl.h"
#include "kernels/floats-inl.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The winners of Lanes(d) columns. Places are kept in float lanes, bit for bit, so that one mask moves both.
template <class D>
HWY_INLINE void find_in_columns(D d, const WinnersRun& run, size_t column, float* best, uint32_t* winners) {
  const hn::Rebind<uint32_t, D> u;
  auto value = run.begins ? load_floats(d, run.rows[0], column) : hn::LoadU(d, best + column);
  auto winner = hn::BitCast(d, run.begins ? hn::Set(u, run.places[0]) : hn::LoadU(u, winners + column));
  for (size_t i = run.begins ? 1 : 0; i < run.count; ++i) {
    const auto x = load_floats(d, run.rows[i], column);
    const auto beats = hn::Gt(x, value);
    value = hn::IfThenElse(beats, x, value);
    winner = hn::IfThenElse(beats, hn::BitCast(d, hn::Set(u, run.places[i])), winner);
  }
  hn::StoreU(value, d, best + column);
  hn::StoreU(hn::BitCast(u, winner), u, winners + column);
}

void FindWinners(const WinnersRun& run, size_t begin, size_t end, float* best, uint32_t* winners) {
  for_each_column<hn::MaxLanes(hn::ScalableTag<float>())>(
      begin, end, [&](auto d, size_t column) HWY_ATTR { find_in_columns(d, run, column, best, winners); });
}

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
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
