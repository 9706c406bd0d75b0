#include "train/optimizer_rule.h"

namespace windrow {

OptimizerRule rule_of(const Adagrad& adagrad, int64_t step) {
  const double lr = adagrad.lr / (1 + static_cast<double>(step - 1) * adagrad.lr_decay);
  const auto rule =
      adagrad.eps_inside ? kernels::UpdateRule::kAdagradEpsInside : kernels::UpdateRule::kAdagrad;
  return {rule, {.lr = static_cast<float>(lr), .eps = static_cast<float>(adagrad.eps)}};
}

}  // namespace windrow
