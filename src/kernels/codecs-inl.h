// How a row's values are stored, and turned into floats; read once per target.
#if defined(WINDROW_KERNELS_CODECS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_CODECS_INL_H_
#undef WINDROW_KERNELS_CODECS_INL_H_
#else
#define WINDROW_KERNELS_CODECS_INL_H_
#endif

#include <hwy/highway.h>
#include <cstring>

#include "base/bytes.h"
#include "kernels/concurrent.h"
#include "kernels/floats-inl.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The rows of a call, as codecs see them.
struct Source {
  const uint8_t* const* rows;
  const float* scales;  // by row, of the columns at hand; only for codecs that ask for them
  size_t dim;
};

// Lanes(d) stored values of any alignment.
template <class D>
HWY_INLINE hn::Vec<D> load_packed(D d, const uint8_t* bytes) {
  using T = hn::TFromD<D>;
  if constexpr (hn::MaxLanes(D()) ==
                1) {  // a plain dereference on some targets, which must not be misaligned
    T value;
    memcpy(&value, bytes, sizeof(value));
    return hn::Set(d, value);
  } else {
    return hn::LoadU(d, reinterpret_cast<const T*>(bytes));
  }
}

// f16 as 16-bit words to float, exact. Highway's own widening makes finite numbers of infinity and NaN where the
// CPU has no instruction for it (seen in 1.0.3 and 1.4).
template <class D>
HWY_INLINE hn::Vec<D> floats_of_f16(D d, hn::Vec<hn::Rebind<uint16_t, D>> bits) {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128 || (HWY_ARCH_X86 && HWY_TARGET >= HWY_SSE4)
  // Moved to the place of a float's exponent and fraction, a number is 2^112 times too small.
  const hn::Rebind<uint32_t, D> u;
  const auto wide = hn::PromoteTo(u, bits);
  const auto magnitude = hn::ShiftLeft<13>(hn::And(wide, hn::Set(u, 0x7fff)));
  const auto sign = hn::ShiftLeft<16>(hn::And(wide, hn::Set(u, 0x8000)));
  const auto number = hn::BitCast(u, hn::Mul(hn::BitCast(d, magnitude), hn::Set(d, 0x1p112f)));
  const auto special = hn::Or(magnitude, hn::Set(u, 0x7f800000));
  const hn::Rebind<int32_t, D> s;
  const auto is_special = hn::Gt(hn::BitCast(s, magnitude), hn::Set(s, (0x7c00 << 13) - 1));
  const auto value = hn::IfThenElse(hn::RebindMask(u, is_special), special, number);
  return hn::BitCast(d, hn::Or(value, sign));
#else
  return hn::PromoteTo(d, hn::BitCast(hn::Rebind<hwy::float16_t, D>(), bits));
#endif
}

// A codec gives Lanes(d) floats of a row, from column `col` on:
//
//   load(d, row, col, scale, bias)     scale and bias: what scale() and bias() gave for this row, loaded once
//                                      for all of its columns
//
// kBits: of one stored value. kScaled: Source::scales is needed, for the block of columns at hand. kTail: scale
// and bias stand behind the values of every row.
struct Unscaled {
  static constexpr bool kScaled = false, kTail = false;
  template <class D>
  static hn::Vec<D> scale(D d, const Source&, size_t) {
    return hn::Zero(d);
  }
  template <class D>
  static hn::Vec<D> bias(D d, const Source&, size_t) {
    return hn::Zero(d);
  }
};

struct F32 : Unscaled {
  static constexpr size_t kBits = 32;
  template <class D>
  static hn::Vec<D> load(D d, const uint8_t* row, size_t col, hn::Vec<D>, hn::Vec<D>) {
    return load_floats(d, row, col);
  }
};

struct F16 : Unscaled {
  static constexpr size_t kBits = 16;
  template <class D>
  static hn::Vec<D> load(D d, const uint8_t* row, size_t col, hn::Vec<D>, hn::Vec<D>) {
    return floats_of_f16(d, load_packed(hn::Rebind<uint16_t, D>(), row + 2 * col));
  }
};

struct Bf16 : Unscaled {
  static constexpr size_t kBits = 16;
  template <class D>
  static hn::Vec<D> load(D d, const uint8_t* row, size_t col, hn::Vec<D>, hn::Vec<D>) {
    const auto bits = load_packed(hn::Rebind<uint16_t, D>(), row + 2 * col);
    return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(hn::Rebind<uint32_t, D>(), bits)));
  }
};

// OCP fp8 e4m3: as an f16 its exponent is 8 too small, also that of its subnormal numbers. The two codes of NaN
// are the only ones with all bits set but the sign.
struct E4m3 : Unscaled {
  static constexpr size_t kBits = 8;
  template <class D>
  static hn::Vec<D> load(D d, const uint8_t* row, size_t col, hn::Vec<D>, hn::Vec<D>) {
    const hn::Rebind<int16_t, D> d16;
    const auto wide = hn::PromoteTo(d16, load_packed(hn::Rebind<int8_t, D>(), row + col));
    const auto number = hn::And(hn::ShiftLeft<7>(wide), hn::Set(d16, static_cast<int16_t>(0xbfff)));
    const auto is_nan = hn::Eq(hn::And(number, hn::Set(d16, 0x3f80)), hn::Set(d16, 0x3f80));
    const auto bits = hn::IfThenElse(is_nan, hn::Set(d16, 0x7e00), number);
    return hn::Mul(floats_of_f16(d, hn::BitCast(hn::Rebind<uint16_t, D>(), bits)), hn::Set(d, 256.0f));
  }
};

// OCP fp8 e5m2: the upper half of an f16.
struct E5m2 : Unscaled {
  static constexpr size_t kBits = 8;
  template <class D>
  static hn::Vec<D> load(D d, const uint8_t* row, size_t col, hn::Vec<D>, hn::Vec<D>) {
    const hn::Rebind<uint16_t, D> d16;
    const auto wide = hn::PromoteTo(d16, load_packed(hn::Rebind<uint8_t, D>(), row + col));
    return floats_of_f16(d, hn::ShiftLeft<8>(wide));
  }
};

struct I8 : Unscaled {
  static constexpr size_t kBits = 8;
  template <class D>
  static hn::Vec<D> load(D d, const uint8_t* row, size_t col, hn::Vec<D>, hn::Vec<D>) {
    const auto code = load_packed(hn::Rebind<int8_t, D>(), row + col);
    return hn::ConvertTo(d, hn::PromoteTo(hn::Rebind<int32_t, D>(), code));
  }
};

// Any of the above times the scale of its block of columns.
template <class Codec>
struct Scaled : Codec {
  static constexpr bool kScaled = true;
  template <class D>
  static hn::Vec<D> scale(D d, const Source& source, size_t i) {
    return hn::Set(d, source.scales[i]);
  }
  template <class D>
  static hn::Vec<D> load(D d, const uint8_t* row, size_t col, hn::Vec<D> scale, hn::Vec<D> bias) {
    return hn::Mul(Codec::load(d, row, col, scale, bias), scale);
  }
};

// FBGEMM's fused 8-bit rows: fl(fl(code * scale) + bias), two roundings.
struct Int8 {
  static constexpr size_t kBits = 8;
  static constexpr bool kScaled = false, kTail = true;
  template <class D>
  static hn::Vec<D> scale(D d, const Source& source, size_t i) {
    return hn::Set(d, windrow::load<float>(source.rows[i] + source.dim));
  }
  template <class D>
  static hn::Vec<D> bias(D d, const Source& source, size_t i) {
    return hn::Set(d, windrow::load<float>(source.rows[i] + source.dim + 4));
  }
  template <class D>
  static hn::Vec<D> load(D d, const uint8_t* row, size_t col, hn::Vec<D> scale, hn::Vec<D> bias) {
    const auto code = load_packed(hn::Rebind<uint8_t, D>(), row + col);
    const auto value = hn::ConvertTo(d, hn::PromoteTo(hn::Rebind<int32_t, D>(), code));
    return hn::Add(hn::Mul(value, scale), bias);
  }
};

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#endif
