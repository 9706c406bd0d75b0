#include "table/optimizer_state.h"

#include <cmath>

#include "base/fail.h"

namespace windrow {

namespace {

Result<void> not_negative(const char* name, double value) {
  if (std::isfinite(value) && value >= 0) return {};
  return fail(ErrorCode::kInvalidArgument, name, " is ", value, ", and must be a finite number, not below 0");
}

}  // namespace

OptimizerId optimizer_id(const Optimizer& optimizer) {
  return std::holds_alternative<Sgd>(optimizer) ? OptimizerId::kSgd : OptimizerId::kAdagrad;
}

std::string optimizer_name(uint32_t id) {
  switch (static_cast<OptimizerId>(id)) {
    case OptimizerId::kNone:
      return "none";
    case OptimizerId::kSgd:
      return "sgd";
    case OptimizerId::kAdagrad:
      return "adagrad";
  }
  return concat("number ", id);
}

std::optional<StateTensor> state_tensor(const Optimizer& optimizer) {
  if (const auto* adagrad = std::get_if<Adagrad>(&optimizer)) {
    return StateTensor{"optimizer.sum", static_cast<float>(adagrad->initial_accumulator)};
  }
  return std::nullopt;
}

Result<void> check_optimizer(const Optimizer& optimizer) {
  if (const auto* sgd = std::get_if<Sgd>(&optimizer)) return not_negative("lr", sgd->lr);
  const auto& adagrad = std::get<Adagrad>(optimizer);
  for (const auto& [name, value] : {std::pair{"lr", adagrad.lr},
                                    {"lr_decay", adagrad.lr_decay},
                                    {"initial_accumulator", adagrad.initial_accumulator},
                                    {"eps", adagrad.eps}}) {
    if (auto checked = not_negative(name, value); !checked) return checked;
  }
  if (static_cast<float>(adagrad.eps) == 0 && static_cast<float>(adagrad.initial_accumulator) == 0) {
    return fail(
        ErrorCode::kInvalidArgument,
        "Adagrad with eps 0 and initial_accumulator 0 divides 0 by 0 at a zero gradient: give one of them");
  }
  return {};
}

}  // namespace windrow
