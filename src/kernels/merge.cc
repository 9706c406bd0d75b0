#include "kernels/merge.h"

#include "kernels/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/merge.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/codecs-inl.h"
#include "kernels/columns-inl.h"

HWY_BEFORE_NAMESPACE();
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Lanes(d) values of occurrence i, whose gradients are stored as Codec has them, from `column` on.
template <class Codec, class D>
HWY_INLINE hn::Vec<D> gradient(D d, const Occurrences& from, size_t i, size_t column) {
  return Codec::load(d, from.gradients[i], column, hn::Zero(d), hn::Zero(d));
}

// What occurrence i contributes.
template <class Codec>
struct PlainContribution {
  template <class D>
  static HWY_INLINE hn::Vec<D> load(D d, const Occurrences& from, size_t i, size_t column) {
    return gradient<Codec>(d, from, i, column);
  }
};

template <class Codec>
struct FactorContribution {
  template <class D>
  static HWY_INLINE hn::Vec<D> load(D d, const Occurrences& from, size_t i, size_t column) {
    return hn::Mul(gradient<Codec>(d, from, i, column), hn::Set(d, from.factors[i]));
  }
};

template <class Codec>
struct WinnerContribution {
  template <class D>
  static HWY_INLINE hn::Vec<D> load(D d, const Occurrences& from, size_t i, size_t column) {
    const hn::Rebind<uint32_t, D> places;
    const auto won = hn::Eq(hn::LoadU(places, from.winners[i] + column), hn::Set(places, from.places[i]));
    return hn::IfThenElseZero(hn::RebindMask(d, won), gradient<Codec>(d, from, i, column));
  }
};

// Four vectors of columns in one pass over the occurrences: enough sums in flight to hide the latency of Add,
// and the cache lines not in ascending order, which would wake the hardware's own prefetcher: it fetches
// lines behind the row.
template <class From, class D>
HWY_INLINE void merge_four(D d, const Occurrences& from, size_t begin, size_t end, size_t column,
                           float* merged) {
  const size_t lanes = hn::Lanes(d);
  auto sum2 = From::load(d, from, begin, column + 2 * lanes);
  auto sum3 = From::load(d, from, begin, column + 3 * lanes);
  auto sum0 = From::load(d, from, begin, column);
  auto sum1 = From::load(d, from, begin, column + lanes);
  for (size_t i = begin + 1; i < end; ++i) {
    sum2 = hn::Add(sum2, From::load(d, from, i, column + 2 * lanes));
    sum3 = hn::Add(sum3, From::load(d, from, i, column + 3 * lanes));
    sum0 = hn::Add(sum0, From::load(d, from, i, column));
    sum1 = hn::Add(sum1, From::load(d, from, i, column + lanes));
  }
  hn::StoreU(sum0, d, merged + column);
  hn::StoreU(sum1, d, merged + column + lanes);
  hn::StoreU(sum2, d, merged + column + 2 * lanes);
  hn::StoreU(sum3, d, merged + column + 3 * lanes);
}

template <class From>
void merge(const Occurrences& from, size_t begin, size_t end, size_t column, size_t column_end,
           float* merged) {
  const hn::ScalableTag<float> d;
  for (const size_t four = 4 * hn::Lanes(d); column + four <= column_end; column += four)
    merge_four<From>(d, from, begin, end, column, merged);
  for_each_column<hn::MaxLanes(hn::ScalableTag<float>())>(
      column, column_end, [&](auto part, size_t at) HWY_ATTR {
        auto sum = From::load(part, from, begin, at);
        for (size_t i = begin + 1; i < end; ++i) sum = hn::Add(sum, From::load(part, from, i, at));
        hn::StoreU(sum, part, merged + at);
      });
}

template <class Codec>
MergeFn merge_of(Contribution contribution) {
  switch (contribution) {
    case Contribution::kPlain:
      return merge<PlainContribution<Codec>>;
    case Contribution::kFactor:
      return merge<FactorContribution<Codec>>;
    case Contribution::kWinner:
      return merge<WinnerContribution<Codec>>;
  }
  return nullptr;  // unreachable: every enumerator has its case
}

MergeFn MergeGradients(Contribution contribution, ValueType type) {
  switch (type) {
    case ValueType::kF32:
      return merge_of<F32>(contribution);
    case ValueType::kF16:
      return merge_of<F16>(contribution);
    case ValueType::kBf16:
      return merge_of<Bf16>(contribution);
  }
  return nullptr;  // likewise
}

}  // namespace windrow::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

HWY_EXPORT(MergeGradients);

MergeFn merge_gradients(Contribution contribution, ValueType type) {
  choose_target_once();
  return HWY_DYNAMIC_DISPATCH(MergeGradients)(contribution, type);
}

}  // namespace windrow::kernels
#endif  // HWY_ONCE
