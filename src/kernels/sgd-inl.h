// The step of plain SGD; read once per target.
#if defined(WINDROW_KERNELS_SGD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_SGD_INL_H_
#undef WINDROW_KERNELS_SGD_INL_H_
#else
#define WINDROW_KERNELS_SGD_INL_H_
#endif

#include <hwy/highway.h>

#include "kernels/update.h"

HWY_BEFORE_NAMESPACE();
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// w = w - (lr * g)
struct Sgd {
  static constexpr bool kHasState = false;

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE void step(D d, const UpdateScalars& scalars, V g, V& w) {
    w = hn::Sub(w, hn::Mul(hn::Set(d, scalars.lr), g));
  }
};

}  // namespace windrow::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
