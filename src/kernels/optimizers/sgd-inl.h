// Stochastic gradient descent: optimizer.h has the formula and its source.
#ifndef WINDROW_KERNELS_OPTIMIZERS_SGD_ABOUT
#define WINDROW_KERNELS_OPTIMIZERS_SGD_ABOUT

#include "kernels/optimizers/about.h"

namespace windrow {

template <>
struct About<Sgd> {
  static constexpr uint32_t kId = 1;
  static constexpr std::string_view kName = "sgd";
  static constexpr Field<Sgd> kFields[] = {
      {"lr", &Sgd::lr, "the learning rate"},
      {"momentum", &Sgd::momentum, "how much of a row's velocity stays from step to step; needs state"},
      {"nesterov", &Sgd::nesterov, "Nesterov's momentum: look ahead along the velocity"},
  };

  static std::vector<StateTensor> states(const Sgd& sgd) {
    if (sgd.momentum == 0) return {};
    return {{"momentum_buffer"}};
  }
  static std::string_view problem(const Sgd& sgd) {
    return sgd.nesterov && sgd.momentum == 0 ? "nesterov without momentum does nothing: give a momentum" : "";
  }

  struct Scalars {
    float lr, momentum;
  };
  static Scalars scalars(const Sgd& sgd, int64_t /*step*/) {
    return {static_cast<float>(sgd.lr), static_cast<float>(sgd.momentum)};
  }
};

}  // namespace windrow
#endif

#if defined(WINDROW_KERNELS_OPTIMIZERS_SGD_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_OPTIMIZERS_SGD_INL
#undef WINDROW_KERNELS_OPTIMIZERS_SGD_INL
#else
#define WINDROW_KERNELS_OPTIMIZERS_SGD_INL
#endif

#include "kernels/concurrent.h"
#include "kernels/update-inl.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {

struct PlainSgd {
  static constexpr size_t kStates = 0;

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE void step(D d, const About<Sgd>::Scalars& k, V g, V& w) {
    w = hn::Sub(w, hn::Mul(hn::Set(d, k.lr), g));
  }
};

template <bool kNesterov>
struct MomentumSgd {
  static constexpr size_t kStates = 1;

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE void step(D d, const About<Sgd>::Scalars& k, V g, V& w, V& v) {
    const V m = hn::Set(d, k.momentum);
    v = hn::Add(hn::Mul(m, v), g);
    const V direction = kNesterov ? hn::Add(g, hn::Mul(m, v)) : v;
    w = hn::Sub(w, hn::Mul(hn::Set(d, k.lr), direction));
  }
};

inline UpdateRowsFn update_rows_of(const Sgd& sgd) {
  if (sgd.momentum == 0) return update_elements<Sgd, PlainSgd>;
  return sgd.nesterov ? update_elements<Sgd, MomentumSgd<true>> : update_elements<Sgd, MomentumSgd<false>>;
}

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
