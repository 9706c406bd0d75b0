// What becomes of the rows of a bag; read once per target.
#if defined(WINDROW_KERNELS_REDUCTIONS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_REDUCTIONS_INL_H_
#undef WINDROW_KERNELS_REDUCTIONS_INL_H_
#else
#define WINDROW_KERNELS_REDUCTIONS_INL_H_
#endif

#include <hwy/highway.h>

#include "kernels/concurrent.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// kFromFirst: a bag begins with its first row, which then meets itself; else with +0.

struct Unweighted {
  template <class D>
  static hn::Vec<D> weight(D d, const float*, size_t) {
    return hn::Zero(d);
  }
};

struct Sum : Unweighted {
  static constexpr bool kFromFirst = false;
  template <class V>
  static V add(V acc, V, V x) {
    return hn::Add(acc, x);
  }
};

struct WeightedSum {
  static constexpr bool kFromFirst = false;
  template <class D>
  static hn::Vec<D> weight(D d, const float* weights, size_t i) {
    return hn::Set(d, weights[i]);
  }
  template <class V>
  static V add(V acc, V weight, V x) {
    return hn::Add(acc, hn::Mul(weight, x));  // two roundings, on purpose
  }
};

// A NaN that comes first stays, and a later one loses.
struct Max : Unweighted {
  static constexpr bool kFromFirst = true;
  template <class V>
  static V add(V acc, V, V x) {
    return hn::IfThenElse(hn::Gt(x, acc), x, acc);
  }
};

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#endif
