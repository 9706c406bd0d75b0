#include "kernels/copy.h"

#include "base/prefetch.h"
#include "kernels/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/copy.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/floats-inl.h"

HWY_BEFORE_NAMESPACE();
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Loads and stores of floats move bits, whatever they mean. The last vector stands at the end of the row and
// repeats some values; lines are visited from the last of four on, as in pool.cc.
template <class D>
void copy_row(D d, const uint8_t* row, size_t values, uint8_t* out) {
  const size_t lanes = hn::Lanes(d);
  size_t col = 0;
  for (; col + 4 * lanes <= values; col += 4 * lanes) {
    const auto v3 = load_floats(d, row, col + 3 * lanes);
    const auto v0 = load_floats(d, row, col);
    const auto v1 = load_floats(d, row, col + lanes);
    const auto v2 = load_floats(d, row, col + 2 * lanes);
    store_floats(d, v0, out, col);
    store_floats(d, v1, out, col + lanes);
    store_floats(d, v2, out, col + 2 * lanes);
    store_floats(d, v3, out, col + 3 * lanes);
  }
  for (; col + lanes <= values; col += lanes) store_floats(d, load_floats(d, row, col), out, col);
  if (col < values) store_floats(d, load_floats(d, row, values - lanes), out, values - lanes);
}

// The widest vector that is not wider than a row.
template <size_t kLanes>
void copy_widest(const CopyRun& run, uint8_t* out, size_t out_stride) {
  const hn::CappedTag<float, kLanes> d;
  const size_t values = run.row_bytes / sizeof(float);
  if constexpr (kLanes > 1) {
    if (hn::Lanes(d) > values) return copy_widest<kLanes / 2>(run, out, out_stride);
  }
  for (size_t i = 0; i < run.count; ++i) {
    if (run.ahead > 0) prefetch_range(run.rows[i + run.ahead], run.row_bytes);
    copy_row(d, run.rows[i], values, out + i * out_stride);
  }
}

void CopyRows(const CopyRun& run, uint8_t* out, size_t out_stride) {
  copy_widest<16>(run, out, out_stride);
}

}  // namespace windrow::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

HWY_EXPORT(CopyRows);

CopyFn copy_rows() {
  choose_target_once();
  return HWY_DYNAMIC_DISPATCH(CopyRows);
}

}  // namespace windrow::kernels
#endif
