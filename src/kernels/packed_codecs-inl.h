// Codecs of values smaller than a byte: FBGEMM's fused 4- and 2-bit rows; read once per target.
#if defined(WINDROW_KERNELS_PACKED_CODECS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_PACKED_CODECS_INL_H_
#undef WINDROW_KERNELS_PACKED_CODECS_INL_H_
#else
#define WINDROW_KERNELS_PACKED_CODECS_INL_H_
#endif

#include <type_traits>

#include "kernels/codecs-inl.h"
#include "kernels/concurrent.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {

// `kBits` 4 or 2, low bits first. A unit of four codes is read at a time, so that the columns come out of step:
// vector k holds the columns k, k + 4, k + 8, ... from `col` on. Accumulators stay that way and are put in
// order once a bag.
template <size_t kCodeBits>
struct Packed {
  static constexpr size_t kBits = kCodeBits;
  using Unit = std::conditional_t<kBits == 4, uint16_t, uint8_t>;

  // Scale and bias of a row, two f16 behind its codes: widened together.
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE void tail(D d, const uint8_t* row, size_t code_bytes, V& scale, V& bias) {
    const uint8_t* at = row + code_bytes;
#if HWY_TARGET == HWY_SCALAR
    const hn::Rebind<uint16_t, D> bits;
    scale = floats_of_f16(d, hn::Set(bits, windrow::load<uint16_t>(at)));
    bias = floats_of_f16(d, hn::Set(bits, windrow::load<uint16_t>(at + 2)));
#else
    const hn::CappedTag<float, 2> pair;
    const hn::CappedTag<uint32_t, 1> both;
    const hn::Rebind<uint16_t, decltype(pair)> bits;
    const auto floats = floats_of_f16(pair, hn::BitCast(bits, hn::Set(both, windrow::load<uint32_t>(at))));
    scale = hn::Set(d, hn::GetLane(floats));
    bias = hn::Set(d, hn::ExtractLane(floats, 1));
#endif
  }

  // Four vectors of Lanes(d) columns each. A unit that is not full reads into the row's scale, and gives
  // columns that nobody wants.
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE void load(D d, const uint8_t* row, size_t code_bytes, size_t col, V& x0, V& x1, V& x2,
                              V& x3) {
    const hn::Rebind<uint32_t, D> u;
    const hn::Rebind<int32_t, D> s;
    V scale, bias;
    tail(d, row, code_bytes, scale, bias);
    const auto codes = hn::PromoteTo(u, load_packed(hn::Rebind<Unit, D>(), row + col * kBits / 8));
    const auto mask = hn::Set(u, (1u << kBits) - 1);
    const auto code0 = hn::And(codes, mask);
    const auto code1 = hn::And(hn::ShiftRight<kBits>(codes), mask);
    const auto code2 = hn::And(hn::ShiftRight<2 * kBits>(codes), mask);
    const auto code3 = hn::ShiftRight<3 * kBits>(codes);
    if constexpr (hn::MaxLanes(D()) == 16) {  // all values of the row fit into one vector
      const auto values = hn::Add(hn::Mul(hn::Iota(d, 0.0f), scale), bias);
      x0 = hn::TableLookupLanes(values, hn::IndicesFromVec(d, code0));
      x1 = hn::TableLookupLanes(values, hn::IndicesFromVec(d, code1));
      x2 = hn::TableLookupLanes(values, hn::IndicesFromVec(d, code2));
      x3 = hn::TableLookupLanes(values, hn::IndicesFromVec(d, code3));
    } else {
      const auto value = [&](auto code) HWY_ATTR {
        return hn::Add(hn::Mul(hn::ConvertTo(d, hn::BitCast(s, code)), scale), bias);
      };
      x0 = value(code0);
      x1 = value(code1);
      x2 = value(code2);
      x3 = value(code3);
    }
  }
};

// Calls body(d, col) for groups of 4 * Lanes(d) columns from `begin` on, wide ones first; the last group may
// reach up to 3 columns behind `end`.
template <size_t kLanes, class Body>
HWY_INLINE void for_each_group(size_t begin, size_t end, const Body& body) {
  const hn::CappedTag<float, kLanes> d;
  const size_t group = 4 * hn::Lanes(d);
  for (; begin + group <= end; begin += group) body(d, begin);
  if constexpr (kLanes > 1) {
    if (begin < end) for_each_group<kLanes / 2>(begin, end, body);
  } else {
    if (begin < end) body(d, begin);
  }
}

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#endif
