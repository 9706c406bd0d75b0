#include "train/optimizer_rule.h"

namespace windrow {

OptimizerRule rule_of(const Sgd& sgd, int64_t /*step*/) {
  return {kernels::UpdateRule::kSgd, {.lr = static_cast<float>(sgd.lr)}};
}

}  // namespace windrow
