#include "kernels/concurrent.h"
#include "kernels/dispatch.h"
#include "kernels/pool.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pool_floats.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/pool-inl.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {

WINDROW_POOL(F32Rows, pool_run, F32)
WINDROW_POOL(F16Rows, pool_run, F16)
WINDROW_POOL(Bf16Rows, pool_run, Bf16)

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

WINDROW_POOL_EXPORT(F32Rows)
WINDROW_POOL_EXPORT(F16Rows)
WINDROW_POOL_EXPORT(Bf16Rows)

PoolFns pool_f32() {
  return pick_F32Rows();
}
PoolFns pool_f16() {
  return pick_F16Rows();
}
PoolFns pool_bf16() {
  return pick_Bf16Rows();
}

}  // namespace windrow::kernels
#endif
