#include "kernels/clip.h"

#include <cmath>

#include "kernels/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/clip.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/columns-inl.h"
#include "kernels/eight_sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// g = change(d, g) for every column.
template <class Change>
HWY_INLINE void change_values(float* g, size_t columns, const Change& change) {
  for_each_column<hn::MaxLanes(hn::ScalableTag<float>())>(0, columns, [&](auto d, size_t column) HWY_ATTR {
    hn::StoreU(change(d, hn::LoadU(d, g + column)), d, g + column);
  });
}

// By comparisons, since what Min and Max make of NaN differs between CPUs.
void ClipValues(float* g, size_t columns, float limit) {
  change_values(g, columns, [=](auto d, auto x) HWY_ATTR {
    const auto high = hn::Set(d, limit), low = hn::Set(d, -limit);
    return hn::IfThenElse(hn::Gt(x, high), high, hn::IfThenElse(hn::Lt(x, low), low, x));
  });
}

void ClipRowNorm(float* g, size_t columns, float limit) {
  const float squares = eight_sums(columns, [=](auto d, size_t column) HWY_ATTR {
    const auto x = hn::LoadU(d, g + column);
    return hn::Mul(x, x);
  });
  const float norm = std::sqrt(squares);
  if (!(norm > limit)) return;
  const float factor = limit / norm;
  change_values(g, columns, [=](auto d, auto x) HWY_ATTR { return hn::Mul(x, hn::Set(d, factor)); });
}

void DivideValues(float* g, size_t columns, float count) {
  change_values(g, columns, [=](auto d, auto x) HWY_ATTR { return hn::Div(x, hn::Set(d, count)); });
}

}  // namespace windrow::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

HWY_EXPORT(ClipValues);
HWY_EXPORT(ClipRowNorm);
HWY_EXPORT(DivideValues);

ClipFn clip_values() {
  choose_target_once();
  return HWY_DYNAMIC_DISPATCH(ClipValues);
}

ClipFn clip_row_norm() {
  choose_target_once();
  return HWY_DYNAMIC_DISPATCH(ClipRowNorm);
}

DivideFn divide_values() {
  choose_target_once();
  return HWY_DYNAMIC_DISPATCH(DivideValues);
}

}  // namespace windrow::kernels
#endif  // HWY_ONCE
