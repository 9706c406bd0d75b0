// Floats to codes of 8 or 16 bits; read once per target.
#if defined(WINDROW_KERNELS_NARROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_NARROW_INL_H_
#undef WINDROW_KERNELS_NARROW_INL_H_
#else
#define WINDROW_KERNELS_NARROW_INL_H_
#endif

#include <hwy/highway.h>
#include <cstring>
#include <type_traits>

#include "kernels/concurrent.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// What is made of a float. code(d, values) gives each code in the low 8 * kBytes bits of 32, zeros above.

// The nearest number of a smaller binary format, ties to even. Integer arithmetic: the instructions that CPUs
// have for this differ in what they make of NaN and of subnormal numbers. kOverflow is the code of everything
// that rounds to more than the largest finite number.
template <int kFractionBits, int kBias, int kBits, int32_t kOverflow, int32_t kNan>
struct ToBinary {
  static constexpr size_t kBytes = kBits / 8;

  template <class D>
  HWY_INLINE hn::Vec<hn::Rebind<int32_t, D>> code(D d, hn::Vec<D> values) const {
    const hn::Rebind<int32_t, D> s;
    constexpr int kShift = 23 - kFractionBits;
    const auto bits = hn::BitCast(s, values);
    const auto magnitude = hn::And(bits, hn::Set(s, 0x7fffffff));
    const auto odd = hn::And(hn::ShiftRight<kShift>(magnitude), hn::Set(s, 1));
    constexpr int32_t kRebiased = (1 << (kShift - 1)) - 1 - ((127 - kBias) << 23);
    auto code = hn::ShiftRight<kShift>(hn::Add(hn::Add(magnitude, odd), hn::Set(s, kRebiased)));
    code = hn::Min(code, hn::Set(s, kOverflow));
    if constexpr (kBias < 127) {
      // Below the smallest normal number codes are multiples of one unit: the sum with 2^23 units is rounded
      // to them. (From 8 exponent bits to 8, subnormal numbers need no such care.)
      const auto units = hn::Set(s, (128 - kBias - kFractionBits + 23) << 23);
      const auto sum = hn::Add(hn::BitCast(d, magnitude), hn::BitCast(d, units));
      const auto is_subnormal = hn::Lt(magnitude, hn::Set(s, (128 - kBias) << 23));
      code = hn::IfThenElse(is_subnormal, hn::Sub(hn::BitCast(s, sum), units), code);
    }
    code = hn::IfThenElse(hn::Gt(magnitude, hn::Set(s, 0x7f800000)), hn::Set(s, kNan), code);
    return hn::Or(code, hn::And(hn::ShiftRight<32 - kBits>(bits), hn::Set(s, 1 << (kBits - 1))));
  }
};
using ToF16 = ToBinary<10, 15, 16, 0x7c00, 0x7e00>;
using ToBf16 = ToBinary<7, 127, 16, 0x7f80, 0x7fc0>;
using ToE5m2 = ToBinary<2, 15, 8, 0x7c, 0x7e>;
// Without infinity: what is beyond 464, half a step above the largest number, is NaN, as in torch's
// float8_e4m3fn and the non-saturating mode of OCP's definition.
using ToE4m3 = ToBinary<3, 7, 8, 0x7f, 0x7f>;

// The nearest integer, of values within +-127.5.
struct ToI8 {
  static constexpr size_t kBytes = 1;

  template <class D>
  HWY_INLINE hn::Vec<hn::Rebind<int32_t, D>> code(D, hn::Vec<D> values) const {
    return hn::And(hn::NearestInt(values), hn::Set(hn::Rebind<int32_t, D>(), 0xff));
  }
};

// Any of these, of the values divided by a scale.
template <class Codec>
struct Divided {
  static constexpr size_t kBytes = Codec::kBytes;
  float scale;

  template <class D>
  HWY_INLINE hn::Vec<hn::Rebind<int32_t, D>> code(D d, hn::Vec<D> values) const {
    return Codec().code(d, hn::Div(values, hn::Set(d, scale)));
  }
};

template <size_t kBytes, class S>
HWY_INLINE void store_codes(S, hn::Vec<S> codes, uint8_t* out) {
  using T = std::conditional_t<kBytes == 1, uint8_t, uint16_t>;
  const hn::Rebind<T, S> narrow;
  const auto demoted = hn::DemoteTo(narrow, codes);
  if constexpr (hn::MaxLanes(S()) == 1) {  // a plain store on some targets, which must not be misaligned
    const T value = hn::GetLane(demoted);
    memcpy(out, &value, sizeof(value));
  } else {
    hn::StoreU(demoted, narrow, reinterpret_cast<T*>(out));
  }
}

constexpr size_t kMostLanes = HWY_MIN(HWY_LANES(float), 16);

// Stores the codes of `count` values; the last vector may repeat values of the one before.
template <class Codec, size_t kLanes = kMostLanes>
HWY_INLINE void narrow(const Codec& codec, const float* values, size_t count, uint8_t* out) {
  const hn::CappedTag<float, kLanes> d;
  const size_t lanes = hn::Lanes(d);
  if constexpr (kLanes > 1) {
    if (count < lanes) return narrow<Codec, kLanes / 2>(codec, values, count, out);
  }
  for (size_t i = 0; i < count; i += lanes) {
    const size_t at = HWY_MIN(i, count - lanes);
    const auto codes = codec.code(d, hn::LoadU(d, values + at));
    store_codes<Codec::kBytes>(hn::Rebind<int32_t, decltype(d)>(), codes, out + at * Codec::kBytes);
  }
}

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
