// Rows of 8, 4 or 2 bits with a scale and a bias behind them; read once per target.
#if defined(WINDROW_KERNELS_QUANTIZE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_QUANTIZE_INL_H_
#undef WINDROW_KERNELS_QUANTIZE_INL_H_
#else
#define WINDROW_KERNELS_QUANTIZE_INL_H_
#endif

#include <hwy/highway.h>
#include <algorithm>
#include <cmath>

#include "base/bytes.h"
#include "kernels/codecs-inl.h"
#include "kernels/encode.h"
#include "kernels/narrow-inl.h"

HWY_BEFORE_NAMESPACE();
namespace windrow::kernels::HWY_NAMESPACE {

// The smallest and the largest of some values, and the largest magnitude; the first two mean nothing where
// that is not finite.
struct Extent {
  float low, high, magnitude;
};

template <size_t kLanes = kMostLanes>
Extent extent_of(const float* values, size_t count) {
  const hn::CappedTag<float, kLanes> d;
  const hn::Rebind<int32_t, decltype(d)> s;
  const size_t lanes = hn::Lanes(d);
  if constexpr (kLanes > 1) {
    if (count < lanes) return extent_of<kLanes / 2>(values, count);
  }
  auto low = hn::LoadU(d, values), high = low;
  auto magnitude = hn::Zero(s);  // as bits, in whose order NaN comes after infinity
  for (size_t i = 0; i < count; i += lanes) {
    const auto x = hn::LoadU(d, values + HWY_MIN(i, count - lanes));
    low = hn::Min(low, x);
    high = hn::Max(high, x);
    magnitude = hn::Max(magnitude, hn::And(hn::BitCast(s, x), hn::Set(s, 0x7fffffff)));
  }
  return {hn::GetLane(hn::MinOfLanes(d, low)), hn::GetLane(hn::MaxOfLanes(d, high)),
          hn::GetLane(hn::BitCast(d, hn::MaxOfLanes(s, magnitude)))};
}

// What a row is quantised from. Of zeros of both signs the first is the minimum, as in FBGEMM, on every CPU.
inline Extent row_extent(const float* values, size_t dim) {
  Extent extent = extent_of(values, dim);
  if (extent.low == 0) extent.low = *std::find(values, values + dim, 0.0f);
  if (extent.high == 0) extent.high = 0.0f;
  return extent;
}

// clamp(rint((x - low) * inverse), 0, most); clamped first, which gives the same.
struct Quantized {
  static constexpr size_t kBytes = 1;
  float low, inverse, most;

  template <class D>
  HWY_INLINE hn::Vec<hn::Rebind<int32_t, D>> code(D d, hn::Vec<D> x) const {
    const auto steps = hn::Mul(hn::Sub(x, hn::Set(d, low)), hn::Set(d, inverse));
    return hn::NearestInt(hn::Min(hn::Max(steps, hn::Zero(d)), hn::Set(d, most)));
  }
};

// FBGEMM's FloatOrHalfToFused8BitRowwiseQuantizedSBFloat (src/QuantUtils.cc). The factor that makes the codes
// is not the inverse of the stored scale, there as here.
inline EncodeError quantize_int8(const RowFormat& format, const float* values, uint8_t* row) {
  const auto dim = static_cast<size_t>(format.dim);
  const Extent extent = row_extent(values, dim);
  if (!std::isfinite(extent.magnitude)) return EncodeError::kNotFinite;
  const float range = extent.high - extent.low;
  if (!std::isfinite(range)) return EncodeError::kOutOfRange;
  narrow(Quantized{extent.low, 255.0f / (range + 1e-8f), 255.0f}, values, dim, row);
  store(row + dim, range / 255.0f);
  store(row + dim + sizeof(float), extent.low);
  return EncodeError::kNone;
}

inline uint16_t f16_of(float value) {
  const hn::CappedTag<float, 1> d;
  return static_cast<uint16_t>(hn::GetLane(ToF16().code(d, hn::Set(d, value))));
}
inline float float_of_f16(uint16_t bits) {
  const hn::CappedTag<float, 1> d;
  return hn::GetLane(floats_of_f16(d, hn::Set(hn::Rebind<uint16_t, decltype(d)>(), bits)));
}

// FBGEMM's FloatOrHalfToFusedNBitRowwiseQuantizedSBHalf (src/QuantUtils.cc). A scale that is 0 as an f16
// becomes 1; every other one has a finite inverse.
template <int kBits>
EncodeError quantize_packed(const RowFormat& format, const float* values, uint8_t* row) {
  const auto dim = static_cast<size_t>(format.dim);
  constexpr float kMost = (1 << kBits) - 1;
  const Extent extent = row_extent(values, dim);
  if (!std::isfinite(extent.magnitude)) return EncodeError::kNotFinite;
  const uint16_t bias = f16_of(extent.low);
  const float low = float_of_f16(bias), range = extent.high - low;
  float scale = float_of_f16(f16_of(range == 0 ? 1.0f : range / kMost));
  if (!std::isfinite(low) || !std::isfinite(scale)) return EncodeError::kOutOfRange;
  if (scale == 0) scale = 1;

  constexpr size_t kChunk = 128;
  uint8_t codes[kChunk];
  std::fill_n(row, format.code_bytes(), uint8_t{0});
  for (size_t begin = 0; begin < dim; begin += kChunk) {
    const size_t count = std::min(kChunk, dim - begin);
    narrow(Quantized{low, 1.0f / scale, kMost}, values + begin, count, codes);
    for (size_t i = 0; i < count; ++i) {
      const size_t bit = (begin + i) * kBits;
      row[bit / 8] = static_cast<uint8_t>(row[bit / 8] | codes[i] << bit % 8);
    }
  }
  store(row + format.code_bytes(), f16_of(scale));
  store(row + format.code_bytes() + sizeof(bias), bias);
  return EncodeError::kNone;
}

}  // namespace windrow::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
