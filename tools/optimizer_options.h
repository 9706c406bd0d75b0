#pragma once

#include <windrow/optimizer.h>
#include <CLI/CLI.hpp>
#include <map>
#include <optional>
#include <string>

namespace windrow::tools {

// The optimiser as users write it: its name, and an option for each of its hyper-parameters.
struct OptimizerOptions {
  std::string name;                            // empty: not asked for
  std::map<std::string, double> numbers = {};  // by the name of the hyper-parameter; those that were given
  std::map<std::string, bool> flags = {};

  // Throws WrongUsage for hyper-parameters that this optimiser does not have.
  std::optional<Optimizer> chosen() const;
};

// --optimizer, and the options of all optimisers: `lr_decay` is --lr-decay. `options` must stay where it is.
CLI::Option* add_optimizer_options(CLI::App& verb, OptimizerOptions& options, const std::string& help);

}  // namespace windrow::tools
