#include "optimizer_options.h"

namespace windrow::tools {

void add_state_options(CLI::App& verb, OptimizerOptions& options) {
  verb.add_option("--optimizer", options.name,
                  "Reserve the state of this optimiser, so that the table can be trained")
      ->check(CLI::IsMember({"adagrad", "sgd"}));
  verb.add_option("--initial-accumulator", options.adagrad.initial_accumulator,
                  "Adagrad: what its sums start with (0)");
}

void add_step_options(CLI::App& verb, OptimizerOptions& options) {
  verb.add_option("--optimizer", options.name, "The optimiser: adagrad or sgd")
      ->check(CLI::IsMember({"adagrad", "sgd"}))
      ->required();
  verb.add_option("--lr", options.adagrad.lr, "The learning rate")->required();
  verb.add_option("--eps", options.adagrad.eps, "Adagrad: added to the root (1e-10)");
  verb.add_flag("--eps-inside", options.adagrad.eps_inside, "Adagrad: add eps under the root, as Keras does");
  verb.add_option("--initial-accumulator", options.adagrad.initial_accumulator,
                  "Adagrad: what the table's sums started with (0); matters only where eps is 0");
  verb.add_option("--lr-decay", options.adagrad.lr_decay,
                  "Adagrad: the learning rate falls by 1 / (1 + step * this) (0)");
}

}  // namespace windrow::tools
