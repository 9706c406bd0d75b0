// Row-wise Adagrad: optimizer.h has the formula and its source.
#ifndef WINDROW_KERNELS_OPTIMIZERS_ROWWISE_ADAGRAD_ABOUT
#define WINDROW_KERNELS_OPTIMIZERS_ROWWISE_ADAGRAD_ABOUT

#include "kernels/optimizers/about.h"

namespace windrow {

template <>
struct About<RowwiseAdagrad> {
  static constexpr uint32_t kId = 3;
  static constexpr std::string_view kName = "rowwise_adagrad";
  static constexpr Field<RowwiseAdagrad> kFields[] = {
      {"lr", &RowwiseAdagrad::lr, "the learning rate"},
      {"eps", &RowwiseAdagrad::eps, "added to the root"},
      {"weight_decay", &RowwiseAdagrad::weight_decay, "L2 regularisation, of touched rows"},
      {"decoupled", &RowwiseAdagrad::decoupled, "decay weights apart from the gradient (AdamW's way)"},
  };

  static std::vector<StateTensor> states(const RowwiseAdagrad&) { return {{"sum", true}}; }
  static std::string_view problem(const RowwiseAdagrad& adagrad) {
    return static_cast<float>(adagrad.eps) == 0 ? "eps 0 divides 0 by 0 at a zero gradient" : "";
  }

  struct Scalars {
    float lr, eps, decay, kept;
  };
  static Scalars scalars(const RowwiseAdagrad& adagrad, int64_t /*step*/) {
    return {static_cast<float>(adagrad.lr), static_cast<float>(adagrad.eps),
            static_cast<float>(adagrad.weight_decay),
            static_cast<float>(1 - adagrad.lr * adagrad.weight_decay)};
  }
};

}  // namespace windrow
#endif

#if defined(WINDROW_KERNELS_OPTIMIZERS_ROWWISE_ADAGRAD_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_OPTIMIZERS_ROWWISE_ADAGRAD_INL
#undef WINDROW_KERNELS_OPTIMIZERS_ROWWISE_ADAGRAD_INL
#else
#define WINDROW_KERNELS_OPTIMIZERS_ROWWISE_ADAGRAD_INL
#endif

#include <cmath>

#include "base/bytes.h"
#include "kernels/concurrent.h"
#include "kernels/eight_sums-inl.h"
#include "kernels/update-inl.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {

enum class WeightDecay { kNone, kL2, kDecoupled };

// g' of some columns.
template <WeightDecay kDecay, class D>
HWY_INLINE hn::Vec<D> decayed(D d, float decay, hn::Vec<D> g, hn::Vec<D> w) {
  if constexpr (kDecay == WeightDecay::kL2) return hn::Add(g, hn::Mul(hn::Set(d, decay), w));
  return g;
}

template <WeightDecay kDecay>
HWY_INLINE float sum_of_squares(const RowUpdates& updates, size_t row, float decay) {
  return eight_sums(updates.columns, [&](auto d, size_t column) HWY_ATTR {
    const auto g = decayed<kDecay>(d, decay, load_floats(d, bytes_at(updates.gradient(row)), column),
                                   load_floats(d, updates.weights[row], column));
    return hn::Mul(g, g);
  });
}

template <WeightDecay kDecay>
HWY_INLINE void descend(const RowUpdates& updates, size_t row, const About<RowwiseAdagrad>::Scalars& k,
                        float rate) {
  for_each_column_group(0, updates.columns, [&](auto d, size_t column) HWY_ATTR {
    auto w = load_floats(d, updates.weights[row], column);
    const auto g = decayed<kDecay>(d, k.decay, load_floats(d, bytes_at(updates.gradient(row)), column), w);
    if constexpr (kDecay == WeightDecay::kDecoupled) w = hn::Mul(hn::Set(d, k.kept), w);
    store_floats(d, hn::Sub(w, hn::Mul(hn::Set(d, rate), g)), updates.weights[row], column);
  });
}

// A row's rate hangs on one chain of additions, a root and two divisions: those of several rows overlap.
template <WeightDecay kDecay>
void update_rowwise(const RowUpdates& updates) {
  const auto k = updates.scalars->as<About<RowwiseAdagrad>::Scalars>();
  const auto columns = static_cast<float>(updates.columns);
  float rates[kMaxUpdateRows];
  for (size_t row = 0; row < updates.rows; ++row) rates[row] = sum_of_squares<kDecay>(updates, row, k.decay);
  for (size_t row = 0; row < updates.rows; ++row) {
    const float m = load<float>(updates.states[0][row]) + rates[row] / columns;
    store(updates.states[0][row], m);
    rates[row] = k.lr / (std::sqrt(m) + k.eps);
  }
  for (size_t row = 0; row < updates.rows; ++row) descend<kDecay>(updates, row, k, rates[row]);
}

inline UpdateRowsFn update_rows_of(const RowwiseAdagrad& adagrad) {
  if (adagrad.weight_decay == 0) return update_rowwise<WeightDecay::kNone>;
  return adagrad.decoupled ? update_rowwise<WeightDecay::kDecoupled> : update_rowwise<WeightDecay::kL2>;
}

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();
#endif  // per-target include guard
