// The step of element-wise Adagrad; read once per target.
#if defined(WINDROW_KERNELS_ADAGRAD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_ADAGRAD_INL_H_
#undef WINDROW_KERNELS_ADAGRAD_INL_H_
#else
#define WINDROW_KERNELS_ADAGRAD_INL_H_
#endif

#include <hwy/highway.h>

#include "kernels/update.h"

HWY_BEFORE_NAMESPACE();
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// s = s + (g * g)
// w = w - (lr * (g / (sqrt(s) + eps)))
struct Adagrad {
  static constexpr bool kHasState = true;

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE void step(D d, const UpdateScalars& scalars, V g, V& w, V& s) {
    s = hn::Add(s, hn::Mul(g, g));
    const V root = hn::Add(hn::Sqrt(s), hn::Set(d, scalars.eps));
    w = hn::Sub(w, hn::Mul(hn::Set(d, scalars.lr), hn::Div(g, root)));
  }
};

// s = s + (g * g)
// w = w - (lr * (g / sqrt(s + eps)))
struct AdagradEpsInside {
  static constexpr bool kHasState = true;

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE void step(D d, const UpdateScalars& scalars, V g, V& w, V& s) {
    s = hn::Add(s, hn::Mul(g, g));
    const V root = hn::Sqrt(hn::Add(s, hn::Set(d, scalars.eps)));
    w = hn::Sub(w, hn::Mul(hn::Set(d, scalars.lr), hn::Div(g, root)));
  }
};

}  // namespace windrow::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
