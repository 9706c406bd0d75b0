#include "kernels/stochastic.h"

#include "kernels/concurrent.h"
#include "kernels/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/stochastic.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/narrow-inl.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The lower 32 bits of each lane times b.
template <class D>
HWY_INLINE hn::Vec<D> multiply(D d, hn::Vec<D> a, uint32_t b) {
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(d, (hn::GetLane(a) & 0xffffffff) * b);
#else
  const hn::Repartition<uint32_t, D> u32;
  (void)d;
  return hn::MulEven(hn::BitCast(u32, a), hn::Set(u32, b));
#endif
}

// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011) of several
// blocks of four words at a time. Each 32-bit number has a lane of 64 bits, whose upper half may hold anything: the
// products look at the lower half only, and nothing moves down but their own upper halves.
void RandomWords(uint64_t seed, uint32_t stream, int64_t row, size_t columns, uint32_t* words) {
  static_assert(kRandomSlack >= 4 * 8);
  const hn::CappedTag<uint64_t, 8> d;
  const size_t blocks_at_a_time = hn::Lanes(d);
  for (size_t block = 0; 4 * block < columns; block += blocks_at_a_time) {
    auto c0 = hn::Iota(d, static_cast<uint64_t>(block));
    auto c1 = hn::Set(d, stream);
    auto c2 = hn::Set(d, static_cast<uint64_t>(row));
    auto c3 = hn::Set(d, static_cast<uint64_t>(row) >> 32);
    auto key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
    for (int round = 0; round < 10; ++round) {
      const auto product0 = multiply(d, c0, 0xD2511F53), product1 = multiply(d, c2, 0xCD9E8D57);
      c0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(product1), c1), hn::Set(d, key0));
      c2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(product0), c3), hn::Set(d, key1));
      c1 = product1;
      c3 = product0;
      key0 += 0x9E3779B9;
      key1 += 0xBB67AE85;
    }
    const auto low = hn::Set(d, 0xffffffff);
    const auto first = hn::Or(hn::And(c0, low), hn::ShiftLeft<32>(c1));
    const auto second = hn::Or(hn::And(c2, low), hn::ShiftLeft<32>(c3));
    hn::StoreInterleaved2(first, second, d, reinterpret_cast<uint64_t*>(words + 4 * block));
  }
}

// Adds the random bits below the last bit that is kept, and cuts there.
struct StochasticBf16 {
  using Nearest = ToBf16;
  static constexpr int32_t kLargest = 0x7f7f0000;  // finite, as a float

  template <class S>
  static HWY_INLINE hn::Vec<S> code(S s, hn::Vec<S> magnitude, hn::Vec<S> word) {
    const auto random = hn::And(word, hn::Set(s, 0xffff));
    return hn::ShiftRight<16>(hn::Add(magnitude, random));
  }
};

struct StochasticF16 {
  using Nearest = ToF16;
  static constexpr int32_t kLargest = 0x477fe000;

  template <class S>
  static HWY_INLINE hn::Vec<S> code(S s, hn::Vec<S> magnitude, hn::Vec<S> word) {
    const hn::Rebind<float, S> d;
    const auto random = hn::And(word, hn::Set(s, 0x1fff));
    const auto rebiased = hn::Sub(magnitude, hn::Set(s, 112 << 23));
    // Below the smallest normal number, 2^-14, codes are multiples of 2^-24: |x| in 2^13 parts of those.
    const auto parts = hn::ConvertTo(s, hn::Mul(hn::BitCast(d, magnitude), hn::Set(d, 0x1p37f)));
    const auto is_subnormal = hn::Lt(magnitude, hn::Set(s, 113 << 23));
    return hn::ShiftRight<13>(hn::Add(hn::IfThenElse(is_subnormal, parts, rebiased), random));
  }
};

template <class To, size_t kLanes = kMostLanes>
HWY_INLINE void round_values(const float* values, const uint32_t* words, size_t count, uint8_t* out) {
  const hn::CappedTag<float, kLanes> d;
  const hn::Rebind<int32_t, decltype(d)> s;
  const hn::Rebind<uint32_t, decltype(d)> u;
  const size_t lanes = hn::Lanes(d);
  if constexpr (kLanes > 1) {
    if (count < lanes) return round_values<To, kLanes / 2>(values, words, count, out);
  }
  for (size_t i = 0; i < count; i += lanes) {
    const size_t at = HWY_MIN(i, count - lanes);  // the last vector may repeat values of the one before
    const auto x = hn::LoadU(d, values + at);
    const auto bits = hn::BitCast(s, x);
    const auto magnitude = hn::And(bits, hn::Set(s, 0x7fffffff));
    const auto word = hn::BitCast(s, hn::LoadU(u, words + at));
    const auto sign = hn::And(hn::ShiftRight<16>(bits), hn::Set(s, 0x8000));
    const auto random = hn::Or(To::code(s, magnitude, word), sign);
    const auto is_beyond = hn::Gt(magnitude, hn::Set(s, To::kLargest));
    const auto code = hn::IfThenElse(is_beyond, typename To::Nearest().code(d, x), random);
    store_codes<2>(s, code, out + 2 * at);
  }
}

void RoundToF16(const float* values, const uint32_t* words, size_t count, uint8_t* out) {
  round_values<StochasticF16>(values, words, count, out);
}
void RoundToBf16(const float* values, const uint32_t* words, size_t count, uint8_t* out) {
  round_values<StochasticBf16>(values, words, count, out);
}

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

HWY_EXPORT(RandomWords);
HWY_EXPORT(RoundToF16);
HWY_EXPORT(RoundToBf16);

RandomWordsFn random_words() {
  choose_target_once();
  return HWY_DYNAMIC_DISPATCH(RandomWords);
}

RoundFn round_stochastically(ValueType type) {
  choose_target_once();
  switch (type) {
    case ValueType::kF16:
      return HWY_DYNAMIC_DISPATCH(RoundToF16);
    case ValueType::kBf16:
      return HWY_DYNAMIC_DISPATCH(RoundToBf16);
    case ValueType::kF32:
      break;
  }
  return nullptr;  // unreachable: floats are stored as they are
}

}  // namespace windrow::kernels
#endif  // HWY_ONCE
