// Floats of rows, which may have any alignment; read once per target.
#if defined(WINDROW_KERNELS_FLOATS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_FLOATS_INL_H_
#undef WINDROW_KERNELS_FLOATS_INL_H_
#else
#define WINDROW_KERNELS_FLOATS_INL_H_
#endif

#include <hwy/highway.h>
#include <cstring>

#include "kernels/concurrent.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Lanes(d) floats of a row, from column `col` on. One lane is a plain dereference on some targets, which must
// not be misaligned.
template <class D>
HWY_INLINE hn::Vec<D> load_floats(D d, const uint8_t* row, size_t col) {
  const uint8_t* from = row + col * sizeof(float);
  if constexpr (hn::MaxLanes(D()) == 1) {
    float value;
    memcpy(&value, from, sizeof(value));
    return hn::Set(d, value);
  } else {
    return hn::LoadU(d, reinterpret_cast<const float*>(from));
  }
}

template <class D>
HWY_INLINE void store_floats(D d, hn::Vec<D> values, uint8_t* row, size_t col) {
  uint8_t* to = row + col * sizeof(float);
  if constexpr (hn::MaxLanes(D()) == 1) {
    const float value = hn::GetLane(values);
    memcpy(to, &value, sizeof(value));
  } else {
    hn::StoreU(values, d, reinterpret_cast<float*>(to));
  }
}

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#endif
