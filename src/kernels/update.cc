#include "kernels/update.h"

#include "kernels/concurrent.h"
#include "kernels/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/update.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/optimizers/all.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {

UpdateRowsFn UpdateRows(const Optimizer& optimizer) {
  return std::visit([](const auto& kind) { return update_rows_of(kind); }, optimizer);
}

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

HWY_EXPORT(UpdateRows);

UpdateRowsFn update_rows(const Optimizer& optimizer) {
  choose_target_once();
  return HWY_DYNAMIC_DISPATCH(UpdateRows)(optimizer);
}

StepScalars step_scalars(const Optimizer& optimizer, int64_t step) {
  return std::visit([step]<class T>(const T& kind) { return StepScalars(About<T>::scalars(kind, step)); },
                    optimizer);
}

}  // namespace windrow::kernels
#endif  // HWY_ONCE
