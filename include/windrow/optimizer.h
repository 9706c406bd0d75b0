#pragma once

#include <variant>

namespace windrow {

// Optimisers. Hyper-parameters are doubles; a value derived from them is computed in double and rounded to
// float once. `g` is the merged gradient of one touched row. Every operation below is one correctly rounded
// float operation in the order written, never fused, so the bits are the same on every CPU.

// Plain stochastic gradient descent, as torch.optim.SGD without momentum.
//
//   w = w - (lr * g)
struct Sgd {
  double lr = 0.01;
};

// Element-wise Adagrad (Duchi, Hazan, Singer 2011), as torch.optim.Adagrad: epsilon outside the root, divide
// first and multiply by the learning rate then. State: `optimizer.sum`, one float per weight.
//
//   clr = lr / (1 + (step - 1) * lr_decay)          step counts calls for the whole table, from 1
//   S = S + (g * g)
//   w = w - (clr * (g / (sqrt(S) + eps)))           eps_inside: g / sqrt(S + eps), as Keras 3 has it
//
// TensorFlow 1: initial_accumulator 0.1, eps 0. Keras 3: lr 0.001, initial_accumulator 0.1, eps 1e-7 inside.
// Either eps or initial_accumulator must be above 0, else a zero gradient would give 0 / 0.
struct Adagrad {
  double lr = 0.01;
  double lr_decay = 0;
  double initial_accumulator = 0;  // what S holds in a new table
  double eps = 1e-10;
  bool eps_inside = false;
};

using Optimizer = std::variant<Sgd, Adagrad>;

}  // namespace windrow
