#include "kernels/concurrent.h"
#include "kernels/dispatch.h"
#include "kernels/encode.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/encode_values.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/narrow-inl.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {

void ValuesToF16(const float* values, size_t count, uint8_t* out) {
  narrow(ToF16(), values, count, out);
}
void ValuesToBf16(const float* values, size_t count, uint8_t* out) {
  narrow(ToBf16(), values, count, out);
}

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

HWY_EXPORT(ValuesToF16);
HWY_EXPORT(ValuesToBf16);

EncodeValuesFn encode_values(ValueType type) {
  choose_target_once();
  switch (type) {
    case ValueType::kF16:
      return HWY_DYNAMIC_DISPATCH(ValuesToF16);
    case ValueType::kBf16:
      return HWY_DYNAMIC_DISPATCH(ValuesToBf16);
    case ValueType::kF32:
      break;
  }
  return nullptr;  // unreachable: floats are copied
}

}  // namespace windrow::kernels
#endif  // HWY_ONCE
