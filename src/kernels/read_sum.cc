#include "kernels/read_sum.h"

#include "kernels/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/read_sum.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kPrefetchBytes = 4096;  // how far ahead the prefetched pattern asks

// One vector, or four at a time.
template <size_t kUnroll, bool kPrefetch>
uint64_t read_sum(const uint8_t* begin, size_t bytes) {
  const hn::ScalableTag<uint64_t> d;
  const size_t lanes = hn::Lanes(d), words = bytes / sizeof(uint64_t);
  const auto* from = reinterpret_cast<const uint64_t*>(begin);
  auto sum0 = hn::Zero(d), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  size_t w = 0;
  for (; w + kUnroll * lanes <= words; w += kUnroll * lanes) {
    if constexpr (kPrefetch) {
      for (size_t line = 0; line < kUnroll * lanes * sizeof(uint64_t); line += 64) {
        __builtin_prefetch(begin + w * sizeof(uint64_t) + line + kPrefetchBytes, 0, 2);
      }
    }
    sum0 = hn::Add(sum0, hn::LoadU(d, from + w));
    if constexpr (kUnroll == 4) {
      sum1 = hn::Add(sum1, hn::LoadU(d, from + w + lanes));
      sum2 = hn::Add(sum2, hn::LoadU(d, from + w + 2 * lanes));
      sum3 = hn::Add(sum3, hn::LoadU(d, from + w + 3 * lanes));
    }
  }
  uint64_t total = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3))));
  for (; w < words; ++w) total += from[w];
  return total;
}

uint64_t ReadPlain(const uint8_t* begin, size_t bytes) {
  return read_sum<1, false>(begin, bytes);
}
uint64_t ReadUnrolled(const uint8_t* begin, size_t bytes) {
  return read_sum<4, false>(begin, bytes);
}
uint64_t ReadPrefetched(const uint8_t* begin, size_t bytes) {
  return read_sum<4, true>(begin, bytes);
}

}  // namespace windrow::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

HWY_EXPORT(ReadPlain);
HWY_EXPORT(ReadUnrolled);
HWY_EXPORT(ReadPrefetched);

ReadSumFn read_sum(ReadPattern pattern) {
  choose_target_once();
  switch (pattern) {
    case ReadPattern::kPlain:
      return HWY_DYNAMIC_DISPATCH(ReadPlain);
    case ReadPattern::kUnrolled:
      return HWY_DYNAMIC_DISPATCH(ReadUnrolled);
    case ReadPattern::kPrefetched:
      return HWY_DYNAMIC_DISPATCH(ReadPrefetched);
  }
  return nullptr;  // unreachable: every enumerator is above
}

}  // namespace windrow::kernels
#endif
