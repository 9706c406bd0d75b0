#include "kernels/scan.h"

#include "base/prefetch.h"
#include "kernels/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/scan.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/codecs-inl.h"
#include "kernels/columns-inl.h"
#include "kernels/four_rows-inl.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {

// A walk over all rows with a query, and with what `kBeside` says, whose sums go to `second`. The rows of the next block
// are fetched in as many equal parts as there are walks over this one, so that memory works while these compute.
template <class Codec, bool kDistances, Beside kBeside>
void walk(const ScanRun& run, size_t query, size_t number, size_t walks, float* sums, float* second) {
  const size_t columns = padded_columns(run.dim);
  const float* q = run.queries + query * columns;
  for (size_t i = 0; i < run.count; i += kScanRows) {
    if (run.ahead > 0 && i / kScanRows % walks == number) {
      for (size_t k = 0; k < kScanRows; ++k) prefetch_range(run.rows[i + k + run.ahead], run.row_bytes);
    }
    float* const beside = kBeside == Beside::kNothing ? nullptr : second + i;
    four_rows<Codec, kDistances, kBeside>({run.rows + i, nullptr, run.dim}, q, q + columns, sums + i, beside);
  }
}

// dots[i] = dots[i] / (query_norm * norm of row i), where squares[i] is that of the norm.
void divide_by_norms(float query_norm, const float* squares, size_t count, float* dots) {
  for_each_column<HWY_LANES(float)>(0, count, [=](auto d, size_t i) HWY_ATTR {
    const auto norms = hn::Mul(hn::Set(d, query_norm), hn::Sqrt(hn::LoadU(d, squares + i)));
    const auto cosines = hn::Div(hn::LoadU(d, dots + i), norms);
    hn::StoreU(hn::IfThenElse(hn::Eq(norms, hn::Zero(d)), hn::Zero(d), cosines), d, dots + i);
  });
}

void negative_roots(size_t count, float* values) {
  for_each_column<HWY_LANES(float)>(0, count, [=](auto d, size_t i) HWY_ATTR {
    hn::StoreU(hn::Neg(hn::Sqrt(hn::LoadU(d, values + i))), d, values + i);
  });
}

template <class Codec, Measure kMeasure>
void scan(const ScanRun& run, float* scores) {
  constexpr bool kCosines = kMeasure == Measure::kCosine, kDistances = kMeasure == Measure::kDistance;
  const size_t walks = kCosines ? 1 + run.query_count / 2 : (run.query_count + 1) / 2;
  float squares[kMaxRows];
  size_t query = 0, number = 0;
  const auto scores_of = [&](size_t q) { return scores + q * run.count; };
  if constexpr (kCosines) {
    walk<Codec, false, Beside::kSquares>(run, 0, 0, walks, scores, squares);
    query = number = 1;
  }
  for (; query + 2 <= run.query_count; query += 2, ++number) {
    walk<Codec, kDistances, Beside::kNextQuery>(run, query, number, walks, scores_of(query),
                                                scores_of(query + 1));
  }
  if (query < run.query_count) {
    walk<Codec, kDistances, Beside::kNothing>(run, query, number, walks, scores_of(query), nullptr);
  }
  if constexpr (kCosines) {
    for (size_t q = 0; q < run.query_count; ++q)
      divide_by_norms(run.query_norms[q], squares, run.count, scores_of(q));
  }
  if constexpr (kDistances) negative_roots(run.query_count * run.count, scores);
}

#define WINDROW_SCAN(NAME, CODEC)                                \
  void Scan##NAME##Cosine(const ScanRun& run, float* scores) {   \
    scan<CODEC, Measure::kCosine>(run, scores);                  \
  }                                                              \
  void Scan##NAME##Dot(const ScanRun& run, float* scores) {      \
    scan<CODEC, Measure::kDot>(run, scores);                     \
  }                                                              \
  void Scan##NAME##Distance(const ScanRun& run, float* scores) { \
    scan<CODEC, Measure::kDistance>(run, scores);                \
  }

WINDROW_SCAN(F32, F32)
WINDROW_SCAN(F16, F16)
WINDROW_SCAN(Bf16, Bf16)
WINDROW_SCAN(Int8, Int8)

#undef WINDROW_SCAN

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

HWY_EXPORT(ScanF32Cosine);
HWY_EXPORT(ScanF32Dot);
HWY_EXPORT(ScanF32Distance);
HWY_EXPORT(ScanF16Cosine);
HWY_EXPORT(ScanF16Dot);
HWY_EXPORT(ScanF16Distance);
HWY_EXPORT(ScanBf16Cosine);
HWY_EXPORT(ScanBf16Dot);
HWY_EXPORT(ScanBf16Distance);
HWY_EXPORT(ScanInt8Cosine);
HWY_EXPORT(ScanInt8Dot);
HWY_EXPORT(ScanInt8Distance);

ScanFn scan_rows(RowFormat::Kind kind, Measure measure) {
  choose_target_once();
  const auto of_measure = [measure](ScanFn cosine, ScanFn dot, ScanFn distance) {
    return measure == Measure::kCosine ? cosine : measure == Measure::kDot ? dot : distance;
  };
  switch (kind) {
    case RowFormat::Kind::kF32:
      return of_measure(HWY_DYNAMIC_DISPATCH(ScanF32Cosine), HWY_DYNAMIC_DISPATCH(ScanF32Dot),
                        HWY_DYNAMIC_DISPATCH(ScanF32Distance));
    case RowFormat::Kind::kF16:
      return of_measure(HWY_DYNAMIC_DISPATCH(ScanF16Cosine), HWY_DYNAMIC_DISPATCH(ScanF16Dot),
                        HWY_DYNAMIC_DISPATCH(ScanF16Distance));
    case RowFormat::Kind::kBf16:
      return of_measure(HWY_DYNAMIC_DISPATCH(ScanBf16Cosine), HWY_DYNAMIC_DISPATCH(ScanBf16Dot),
                        HWY_DYNAMIC_DISPATCH(ScanBf16Distance));
    case RowFormat::Kind::kInt8:
      return of_measure(HWY_DYNAMIC_DISPATCH(ScanInt8Cosine), HWY_DYNAMIC_DISPATCH(ScanInt8Dot),
                        HWY_DYNAMIC_DISPATCH(ScanInt8Distance));
    default:
      return nullptr;
  }
}

}  // namespace windrow::kernels
#endif
