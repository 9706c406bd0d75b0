// What the formulas of optimisers share; read once per target.
#if defined(WINDROW_KERNELS_UPDATE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef WINDROW_KERNELS_UPDATE_INL_H_
#undef WINDROW_KERNELS_UPDATE_INL_H_
#else
#define WINDROW_KERNELS_UPDATE_INL_H_
#endif

#include <hwy/highway.h>

#include "kernels/columns-inl.h"
#include "kernels/concurrent.h"
#include "kernels/floats-inl.h"
#include "kernels/update.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE const uint8_t* bytes_at(const float* values) {
  return reinterpret_cast<const uint8_t*>(values);
}

// One step of Lanes(d) columns of a row. A rule is
//
//   kStates          how many floats of state a weight has
//   step(d, scalars, g, w, states ...)
template <class Rule, class D, class Scalars>
HWY_INLINE void update_columns(D d, const Scalars& scalars, const RowUpdates& updates, size_t row,
                               size_t column) {
  const auto g = load_floats(d, bytes_at(updates.gradient(row)), column);
  auto w = load_floats(d, updates.weights[row], column);
  if constexpr (Rule::kStates == 0) {
    Rule::step(d, scalars, g, w);
  } else {
    auto s = load_floats(d, updates.states[0][row], column);
    if constexpr (Rule::kStates == 1) {
      Rule::step(d, scalars, g, w, s);
    } else {
      auto t = load_floats(d, updates.states[1][row], column);
      Rule::step(d, scalars, g, w, s, t);
      store_floats(d, t, updates.states[1][row], column);
    }
    store_floats(d, s, updates.states[0][row], column);
  }
  store_floats(d, w, updates.weights[row], column);
}

// For optimisers whose columns do not know of one another. Cache lines are met out of order: in ascending order they
// would wake the hardware's own prefetcher, which fetches lines behind the row.
template <class Optimizer, class Rule>
void update_elements(const RowUpdates& updates) {
  const auto scalars = updates.scalars->as<typename About<Optimizer>::Scalars>();
  for (size_t row = 0; row < updates.rows; ++row) {
    for_each_column_group(0, updates.columns, [&](auto d, size_t column) HWY_ATTR {
      update_columns<Rule>(d, scalars, updates, row, column);
    });
  }
}

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
