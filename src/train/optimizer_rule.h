#pragma once

#include <windrow/optimizer.h>
#include <cstdint>

#include "kernels/update.h"

namespace windrow {

// The kernel's rule for a step, and the numbers it needs: derived in double, rounded to float once.
struct OptimizerRule {
  kernels::UpdateRule rule;
  kernels::UpdateScalars scalars;
};

// One per optimiser, each in a file of its own. `step` counts the steps of the table's whole life, from 1.
OptimizerRule rule_of(const Sgd& sgd, int64_t step);
OptimizerRule rule_of(const Adagrad& adagrad, int64_t step);

inline OptimizerRule rule_of(const Optimizer& optimizer, int64_t step) {
  return std::visit([step](const auto& kind) { return rule_of(kind, step); }, optimizer);
}

}  // namespace windrow
