// Element-wise Adagrad: optimizer.h has the formula and its source.
#ifndef WINDROW_KERNELS_OPTIMIZERS_ADAGRAD_ABOUT
#define WINDROW_KERNELS_OPTIMIZERS_ADAGRAD_ABOUT

#include "kernels/optimizers/about.h"

namespace windrow {

template <>
struct About<Adagrad> {
  static constexpr uint32_t kId = 2;
  static constexpr std::string_view kName = "adagrad";
  static constexpr Field<Adagrad> kFields[] = {
      {"lr", &Adagrad::lr, "the learning rate"},
      {"lr_decay", &Adagrad::lr_decay, "the learning rate falls by 1 / (1 + step * this)"},
      {"initial_accumulator", &Adagrad::initial_accumulator, "what a new table's sums start with"},
      {"eps", &Adagrad::eps, "added to the root"},
      {"eps_inside", &Adagrad::eps_inside, "add eps under the root, as Keras does"},
  };

  static std::vector<StateTensor> states(const Adagrad& adagrad) {
    return {{"sum", false, static_cast<float>(adagrad.initial_accumulator)}};
  }
  static std::string_view problem(const Adagrad& adagrad) {
    const bool divides_by_zero =
        static_cast<float>(adagrad.eps) == 0 && static_cast<float>(adagrad.initial_accumulator) == 0;
    return divides_by_zero
               ? "eps 0 and initial_accumulator 0 divide 0 by 0 at a zero gradient: give one of them"
               : "";
  }

  struct Scalars {
    float lr, eps;
  };
  static Scalars scalars(const Adagrad& adagrad, int64_t step) {
    const double lr = adagrad.lr / (1 + static_cast<double>(step - 1) * adagrad.lr_decay);
    return {static_cast<float>(lr), static_cast<float>(adagrad.eps)};
  }
};

}  // namespace windrow
#endif

#if defined(WINDROW_KERNELS_OPTIMIZERS_ADAGRAD_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_OPTIMIZERS_ADAGRAD_INL
#undef WINDROW_KERNELS_OPTIMIZERS_ADAGRAD_INL
#else
#define WINDROW_KERNELS_OPTIMIZERS_ADAGRAD_INL
#endif

#include "kernels/concurrent.h"
#include "kernels/update-inl.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {

template <bool kEpsInside>
struct ElementAdagrad {
  static constexpr size_t kStates = 1;

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE void step(D d, const About<Adagrad>::Scalars& k, V g, V& w, V& s) {
    s = hn::Add(s, hn::Mul(g, g));
    const V eps = hn::Set(d, k.eps);
    const V root = kEpsInside ? hn::Sqrt(hn::Add(s, eps)) : hn::Add(hn::Sqrt(s), eps);
    w = hn::Sub(w, hn::Mul(hn::Set(d, k.lr), hn::Div(g, root)));
  }
};

inline UpdateRowsFn update_rows_of(const Adagrad& adagrad) {
  return adagrad.eps_inside ? update_elements<Adagrad, ElementAdagrad<true>>
                            : update_elements<Adagrad, ElementAdagrad<false>>;
}

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
