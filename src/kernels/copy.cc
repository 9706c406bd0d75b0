#include "kernels/copy.h"

#include "base/prefetch.h"
#include "kernels/concurrent.h"
#include "kernels/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/copy.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <hwy/cache_control.h>

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The last vector stands at the end of the row and repeats some bytes; lines are visited from the last of
// four on, as in pool-inl.h.
template <bool kStream, class D>
void copy_row(D d, const uint8_t* row, size_t bytes, uint8_t* out) {
  const size_t lanes = hn::Lanes(d);
  const auto store = [&](hn::Vec<D> v, size_t at) HWY_ATTR {
    if constexpr (kStream)
      hn::Stream(v, d, out + at);
    else
      hn::StoreU(v, d, out + at);
  };
  size_t at = 0;
  for (; at + 4 * lanes <= bytes; at += 4 * lanes) {
    const auto v3 = hn::LoadU(d, row + at + 3 * lanes);
    const auto v0 = hn::LoadU(d, row + at);
    const auto v1 = hn::LoadU(d, row + at + lanes);
    const auto v2 = hn::LoadU(d, row + at + 2 * lanes);
    store(v0, at);
    store(v1, at + lanes);
    store(v2, at + 2 * lanes);
    store(v3, at + 3 * lanes);
  }
  for (; at + lanes <= bytes; at += lanes) store(hn::LoadU(d, row + at), at);
  if (at < bytes) hn::StoreU(hn::LoadU(d, row + bytes - lanes), d, out + bytes - lanes);
}

// The widest vector that is not wider than a row.
template <bool kStream, size_t kBytes>
void copy_widest(const CopyRun& run, uint8_t* out, size_t out_stride) {
  const hn::CappedTag<uint8_t, kBytes> d;
  if constexpr (kBytes > 1) {
    if (hn::Lanes(d) > run.row_bytes) return copy_widest<kStream, kBytes / 2>(run, out, out_stride);
  }
  for (size_t i = 0; i < run.count; ++i) {
    if (run.ahead > 0) prefetch_range(run.rows[i + run.ahead], run.row_bytes);
    copy_row<kStream>(d, run.rows[i], run.row_bytes, out + i * out_stride);
  }
}

void CopyRows(const CopyRun& run, uint8_t* out, size_t out_stride) {
  copy_widest<false, HWY_MIN(HWY_LANES(uint8_t), 64)>(run, out, out_stride);
}
void StreamRows(const CopyRun& run, uint8_t* out, size_t out_stride) {
  copy_widest<true, HWY_MIN(HWY_LANES(uint8_t), 64)>(run, out, out_stride);
}

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

HWY_EXPORT(CopyRows);
HWY_EXPORT(StreamRows);

CopyFn copy_rows() {
  choose_target_once();
  return HWY_DYNAMIC_DISPATCH(CopyRows);
}

CopyFn stream_rows() {
  choose_target_once();
  return HWY_DYNAMIC_DISPATCH(StreamRows);
}

void stream_fence() {
  hwy::FlushStream();
}

}  // namespace windrow::kernels
#endif
