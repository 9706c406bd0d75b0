#include "kernels/dot.h"

#include "base/bytes.h"
#include "base/prefetch.h"
#include "kernels/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dot.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/floats-inl.h"

HWY_BEFORE_NAMESPACE();
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Two vectors of four lanes hold the partial sums on every target. A row is a chain of additions either way;
// wider vectors would not shorten it.
HWY_INLINE float dot(const uint8_t* a, const uint8_t* b, size_t dim) {
  float p[8] = {};
  size_t col = 0;
  const hn::CappedTag<float, 4> d;
  if constexpr (hn::MaxLanes(d) == 4) {
    auto low = hn::Zero(d), high = hn::Zero(d);
    for (; col + 8 <= dim; col += 8) {
      low = hn::Add(low, hn::Mul(load_floats(d, a, col), load_floats(d, b, col)));
      high = hn::Add(high, hn::Mul(load_floats(d, a, col + 4), load_floats(d, b, col + 4)));
    }
    hn::StoreU(low, d, p);
    hn::StoreU(high, d, p + 4);
  }
  for (; col < dim; ++col) {
    p[col % 8] = p[col % 8] + (load<float>(a + col * sizeof(float)) * load<float>(b + col * sizeof(float)));
  }
  return ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7]));
}

void DotRows(const DotRun& run, float* out) {
  const auto* vector = reinterpret_cast<const uint8_t*>(run.vector);
  for (size_t i = 0; i < run.count; ++i) {
    if (run.ahead > 0) prefetch_range(run.rows[i + run.ahead], run.dim * sizeof(float));
    out[i] = dot(vector, run.rows[i], run.dim);
  }
}

void ScanRows(const ScanRun& run, float* dots, float* squares) {
  const auto* vector = reinterpret_cast<const uint8_t*>(run.vector);
  for (size_t i = 0; i < run.count; ++i) {
    const uint8_t* row = run.first_row + i * run.stride_bytes;
    dots[i] = dot(vector, row, run.dim);
    squares[i] = dot(row, row, run.dim);
  }
}

}  // namespace windrow::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

HWY_EXPORT(DotRows);
HWY_EXPORT(ScanRows);

DotFn dot_rows() {
  choose_target_once();
  return HWY_DYNAMIC_DISPATCH(DotRows);
}

ScanFn scan_rows() {
  choose_target_once();
  return HWY_DYNAMIC_DISPATCH(ScanRows);
}

}  // namespace windrow::kernels
#endif
