// FTRL-proximal: optimizer.h has the formula and its source.
#ifndef WINDROW_KERNELS_OPTIMIZERS_FTRL_ABOUT
#define WINDROW_KERNELS_OPTIMIZERS_FTRL_ABOUT

#include "kernels/optimizers/about.h"

namespace windrow {

template <>
struct About<Ftrl> {
  static constexpr uint32_t kId = 5;
  static constexpr std::string_view kName = "ftrl";
  static constexpr Field<Ftrl> kFields[] = {
      {"lr", &Ftrl::lr, "the learning rate"},
      {"l1", &Ftrl::l1, "L1 regularisation: values below it become 0"},
      {"l2", &Ftrl::l2, "L2 regularisation"},
      {"l2_shrinkage", &Ftrl::l2_shrinkage, "L2 shrinkage, which enters the gradient and not its squares"},
      {"beta", &Ftrl::beta, "beta of the paper: added to the root"},
      {"initial_accumulator", &Ftrl::initial_accumulator, "what a new table's sums of squares start with"},
  };

  static std::vector<StateTensor> states(const Ftrl& ftrl) {
    return {{"accumulator", false, static_cast<float>(ftrl.initial_accumulator)}, {"linear"}};
  }
  static std::string_view problem(const Ftrl& ftrl) {
    if (static_cast<float>(ftrl.lr) == 0) return "lr must be above 0: FTRL divides by it";
    const bool divides_by_zero =
        static_cast<float>(ftrl.initial_accumulator) == 0 && scalars(ftrl, 1).ridge == 0;
    return divides_by_zero
               ? "initial_accumulator, l2 or beta must be above 0, else a zero gradient divides by 0"
               : "";
  }

  struct Scalars {
    float lr, l1, ridge, shrinkage;
  };
  static Scalars scalars(const Ftrl& ftrl, int64_t /*step*/) {
    return {static_cast<float>(ftrl.lr), static_cast<float>(ftrl.l1),
            static_cast<float>(2 * ftrl.l2 + ftrl.beta / ftrl.lr), static_cast<float>(2 * ftrl.l2_shrinkage)};
  }
};

}  // namespace windrow
#endif

#if defined(WINDROW_KERNELS_OPTIMIZERS_FTRL_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_OPTIMIZERS_FTRL_INL
#undef WINDROW_KERNELS_OPTIMIZERS_FTRL_INL
#else
#define WINDROW_KERNELS_OPTIMIZERS_FTRL_INL
#endif

#include "kernels/concurrent.h"
#include "kernels/update-inl.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {

template <bool kShrinks>
struct FtrlProximal {
  static constexpr size_t kStates = 2;

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE void step(D d, const About<Ftrl>::Scalars& k, V g, V& w, V& n, V& z) {
    const V lr = hn::Set(d, k.lr), l1 = hn::Set(d, k.l1);
    const V old_root = hn::Sqrt(n);
    n = hn::Add(n, hn::Mul(g, g));
    const V root = hn::Sqrt(n);
    const V sigma = hn::Div(hn::Sub(root, old_root), lr);
    if constexpr (kShrinks) g = hn::Add(g, hn::Mul(hn::Set(d, k.shrinkage), w));
    z = hn::Sub(hn::Add(z, g), hn::Mul(sigma, w));
    const V pulled = hn::Sub(hn::CopySign(l1, z), z);
    const V solution = hn::Div(pulled, hn::Add(hn::Div(root, lr), hn::Set(d, k.ridge)));
    w = hn::IfThenElseZero(hn::Gt(hn::Abs(z), l1), solution);
  }
};

inline UpdateRowsFn update_rows_of(const Ftrl& ftrl) {
  return ftrl.l2_shrinkage > 0 ? update_elements<Ftrl, FtrlProximal<true>>
                               : update_elements<Ftrl, FtrlProximal<false>>;
}

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
