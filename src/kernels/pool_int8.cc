#include "kernels/concurrent.h"
#include "kernels/dispatch.h"
#include "kernels/pool.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pool_int8.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/pool-inl.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {

WINDROW_POOL(Int8Rows, pool_run, Int8)
WINDROW_POOL(I8Rows, pool_run, I8)
WINDROW_POOL(ScaledI8Rows, pool_run, Scaled<I8>)

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

WINDROW_POOL_EXPORT(Int8Rows)
WINDROW_POOL_EXPORT(I8Rows)
WINDROW_POOL_EXPORT(ScaledI8Rows)

PoolFns pool_int8() {
  return pick_Int8Rows();
}
PoolFns pool_i8(bool scaled) {
  return scaled ? pick_ScaledI8Rows() : pick_I8Rows();
}

}  // namespace windrow::kernels
#endif
