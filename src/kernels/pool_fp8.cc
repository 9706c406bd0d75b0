#include "kernels/concurrent.h"
#include "kernels/dispatch.h"
#include "kernels/pool.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pool_fp8.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/pool-inl.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {

WINDROW_POOL(E4m3Rows, pool_run, E4m3)
WINDROW_POOL(ScaledE4m3Rows, pool_run, Scaled<E4m3>)
WINDROW_POOL(E5m2Rows, pool_run, E5m2)
WINDROW_POOL(ScaledE5m2Rows, pool_run, Scaled<E5m2>)

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

WINDROW_POOL_EXPORT(E4m3Rows)
WINDROW_POOL_EXPORT(ScaledE4m3Rows)
WINDROW_POOL_EXPORT(E5m2Rows)
WINDROW_POOL_EXPORT(ScaledE5m2Rows)

PoolFns pool_e4m3(bool scaled) {
  return scaled ? pick_ScaledE4m3Rows() : pick_E4m3Rows();
}
PoolFns pool_e5m2(bool scaled) {
  return scaled ? pick_ScaledE5m2Rows() : pick_E5m2Rows();
}

}  // namespace windrow::kernels
#endif
