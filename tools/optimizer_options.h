#pragma once

#include <windrow/optimizer.h>
#include <CLI/CLI.hpp>
#include <optional>
#include <string>

namespace windrow::tools {

// The optimiser as users write it.
struct OptimizerOptions {
  std::string name;  // empty: not asked for
  Adagrad adagrad;   // its lr stands for that of plain SGD, too

  std::optional<Optimizer> chosen() const {
    if (name == "adagrad") return adagrad;
    if (name == "sgd") return Sgd{adagrad.lr};
    return std::nullopt;
  }
};

// --optimizer, and what a new table's state starts with.
void add_state_options(CLI::App& verb, OptimizerOptions& options);
// --optimizer, --lr and the hyper-parameters of a step.
void add_step_options(CLI::App& verb, OptimizerOptions& options);

}  // namespace windrow::tools
