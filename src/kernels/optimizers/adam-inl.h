// Adam for sparse rows: optimizer.h has the formula and its source.
#ifndef WINDROW_KERNELS_OPTIMIZERS_ADAM_ABOUT
#define WINDROW_KERNELS_OPTIMIZERS_ADAM_ABOUT

#include <cmath>

#include "kernels/optimizers/about.h"

namespace windrow {

template <>
struct About<Adam> {
  static constexpr uint32_t kId = 4;
  static constexpr std::string_view kName = "adam";
  static constexpr Field<Adam> kFields[] = {
      {"lr", &Adam::lr, "the learning rate"},
      {"beta1", &Adam::beta1, "how much of the mean gradient stays from step to step"},
      {"beta2", &Adam::beta2, "how much of the mean squared gradient stays from step to step"},
      {"eps", &Adam::eps, "added to the root"},
  };

  static std::vector<StateTensor> states(const Adam&) { return {{"exp_avg"}, {"exp_avg_sq"}}; }
  static std::string_view problem(const Adam& adam) {
    if (adam.beta1 >= 1 || adam.beta2 >= 1) return "beta1 and beta2 must be below 1";
    return static_cast<float>(adam.eps) == 0 ? "eps 0 divides 0 by 0 at a zero gradient" : "";
  }

  struct Scalars {
    float a1, a2, lr, eps;
  };
  static Scalars scalars(const Adam& adam, int64_t step) {
    const auto steps = static_cast<double>(step);
    const double corrected =
        adam.lr * std::sqrt(1 - std::pow(adam.beta2, steps)) / (1 - std::pow(adam.beta1, steps));
    return {static_cast<float>(1 - adam.beta1), static_cast<float>(1 - adam.beta2),
            static_cast<float>(corrected), static_cast<float>(adam.eps)};
  }
};

}  // namespace windrow
#endif

#if defined(WINDROW_KERNELS_OPTIMIZERS_ADAM_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_OPTIMIZERS_ADAM_INL
#undef WINDROW_KERNELS_OPTIMIZERS_ADAM_INL
#else
#define WINDROW_KERNELS_OPTIMIZERS_ADAM_INL
#endif

#include "kernels/concurrent.h"
#include "kernels/update-inl.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {

struct SparseAdam {
  static constexpr size_t kStates = 2;

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE void step(D d, const About<Adam>::Scalars& k, V g, V& w, V& m, V& v) {
    m = hn::Add(m, hn::Mul(hn::Sub(g, m), hn::Set(d, k.a1)));
    v = hn::Add(v, hn::Mul(hn::Sub(hn::Mul(g, g), v), hn::Set(d, k.a2)));
    const V ratio = hn::Div(m, hn::Add(hn::Sqrt(v), hn::Set(d, k.eps)));
    w = hn::Sub(w, hn::Mul(hn::Set(d, k.lr), ratio));
  }
};

inline UpdateRowsFn update_rows_of(const Adam&) {
  return update_elements<Adam, SparseAdam>;
}

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
