#include "kernels/magnitude.h"

#include <algorithm>

#include "kernels/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/magnitude.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/codecs-inl.h"
#include "kernels/columns-inl.h"

HWY_BEFORE_NAMESPACE();
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The bits of Lanes(d) values without their signs. As integers they are in the order of the magnitudes, and NaN is
// above infinity.
template <class Codec, class D>
HWY_INLINE hn::Vec<hn::Rebind<int32_t, D>> magnitudes(D d, const uint8_t* values, size_t at) {
  const hn::Rebind<int32_t, D> s;
  return hn::And(hn::BitCast(s, Codec::load(d, values, at, hn::Zero(d), hn::Zero(d))),
                 hn::Set(s, 0x7fffffff));
}

template <class Codec>
uint32_t largest(const uint8_t* values, size_t count) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<int32_t, decltype(d)> s;
  const size_t lanes = hn::Lanes(d);
  auto most0 = hn::Zero(s), most1 = hn::Zero(s);
  size_t at = 0;
  for (; at + 2 * lanes <= count; at += 2 * lanes) {
    most0 = hn::Max(most0, magnitudes<Codec>(d, values, at));
    most1 = hn::Max(most1, magnitudes<Codec>(d, values, at + lanes));
  }
  int32_t most = hn::GetLane(hn::MaxOfLanes(s, hn::Max(most0, most1)));
  const hn::CappedTag<float, 1> one;
  for (; at < count; ++at) most = std::max(most, hn::GetLane(magnitudes<Codec>(one, values, at)));
  return static_cast<uint32_t>(most);
}

uint32_t LargestF32(const uint8_t* values, size_t count) {
  return largest<F32>(values, count);
}
uint32_t LargestF16(const uint8_t* values, size_t count) {
  return largest<F16>(values, count);
}
uint32_t LargestBf16(const uint8_t* values, size_t count) {
  return largest<Bf16>(values, count);
}

}  // namespace windrow::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

HWY_EXPORT(LargestF32);
HWY_EXPORT(LargestF16);
HWY_EXPORT(LargestBf16);

LargestMagnitudeFn largest_magnitude(ValueType type) {
  choose_target_once();
  switch (type) {
    case ValueType::kF32:
      return HWY_DYNAMIC_DISPATCH(LargestF32);
    case ValueType::kF16:
      return HWY_DYNAMIC_DISPATCH(LargestF16);
    case ValueType::kBf16:
      return HWY_DYNAMIC_DISPATCH(LargestBf16);
  }
  return nullptr;  // unreachable: every enumerator has its case
}

}  // namespace windrow::kernels
#endif  // HWY_ONCE
