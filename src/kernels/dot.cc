#include "kernels/dot.h"

#include "base/prefetch.h"
#include "kernels/concurrent.h"
#include "kernels/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dot.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/eight_sums-inl.h"
#include "kernels/floats-inl.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE float dot(const uint8_t* a, const uint8_t* b, size_t dim) {
  return eight_sums(dim, [=](auto d, size_t column) HWY_ATTR {
    return hn::Mul(load_floats(d, a, column), load_floats(d, b, column));
  });
}

void DotRows(const DotRun& run, float* out) {
  const auto* vector = reinterpret_cast<const uint8_t*>(run.vector);
  for (size_t i = 0; i < run.count; ++i) {
    if (run.ahead > 0) prefetch_range(run.rows[i + run.ahead], run.dim * sizeof(float));
    out[i] = dot(vector, run.rows[i], run.dim);
  }
}

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

HWY_EXPORT(DotRows);

DotFn dot_rows() {
  choose_target_once();
  return HWY_DYNAMIC_DISPATCH(DotRows);
}

}  // namespace windrow::kernels
#endif
