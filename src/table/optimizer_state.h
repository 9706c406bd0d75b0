#pragma once

#include <windrow/error.h>
#include <windrow/optimizer.h>
#include <optional>
#include <string>

#include "format/meta_slot.h"

namespace windrow {

// What an optimiser means for a file: its number, its name, and the state it keeps there.

OptimizerId optimizer_id(const Optimizer& optimizer);

// "none", "sgd", ..., as the command line has them; "number N" for one that a newer version gave.
std::string optimizer_name(uint32_t id);

// The tensor that holds an optimiser's state, and what its entries start as; nothing for one without state.
struct StateTensor {
  const char* name;
  float initial_value;
};
std::optional<StateTensor> state_tensor(const Optimizer& optimizer);

// kInvalidArgument: a hyper-parameter that makes no sense.
Result<void> check_optimizer(const Optimizer& optimizer);

}  // namespace windrow
