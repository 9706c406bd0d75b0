#pragma once

#include <windrow/export.h>
#include <string_view>
#include <variant>
#include <vector>

namespace windrow {

// Optimisers. A step changes the rows that it touches, and their state, and nothing else. Hyper-parameters are
// doubles; a value derived from them, written f32(...), is computed in double and rounded to float once. `g`
// is the merged gradient of one touched row, `w` the row. Every operation below is one correctly rounded float
// operation in the order written, never fused, so the bits are the same on every CPU. `step` counts the steps
// of the optimiser on the whole table, from 1. State is float, whatever the rows are.
//
// No hyper-parameter may be negative, infinite or NaN.

// Stochastic gradient descent, as torch.optim.SGD.
//
//   w = w - (lr * g)
//
// With momentum, of touched rows only: a row that a step does not touch keeps its velocity and does not move,
// where torch's momentum goes on moving every row ever touched. State: `momentum_buffer`, one float per
// weight, 0 in a new table.
//
//   v = (momentum * v) + g
//   d = nesterov ? g + (momentum * v) : v
//   w = w - (lr * d)
struct Sgd {
  double lr = 0.01;
  double momentum = 0;
  bool nesterov = false;
};

// Element-wise Adagrad (Duchi, Hazan, Singer 2011), as torch.optim.Adagrad: epsilon outside the root, divide
// first and multiply by the learning rate then. State: `sum`, one float per weight.
//
//   clr = f32(lr / (1 + (step - 1) * lr_decay))
//   S = S + (g * g)
//   w = w - (clr * (g / (sqrt(S) + eps)))           eps_inside: g / sqrt(S + eps)
//
// Either eps or initial_accumulator must be above 0, else a zero gradient would give 0 / 0. A table does not know what
// its sums started with: with eps 0, train only tables whose state was made with such an initial_accumulator.
struct Adagrad {
  double lr = 0.01;
  double lr_decay = 0;
  double initial_accumulator = 0;  // what S holds in a new table
  double eps = 1e-10;
  bool eps_inside = false;

  // The same with the defaults of other programs; equal to them but for rounding.
  static Adagrad tf1(double lr) { return {lr, 0, 0.1, 0, false}; }     // tf.compat.v1.train.AdagradOptimizer
  static Adagrad tf2(double lr) { return {lr, 0, 0.1, 1e-7, false}; }  // TensorFlow 2's kernel
  static Adagrad keras3(double lr = 1e-3) { return {lr, 0, 0.1, 1e-7, true}; }  // keras.optimizers.Adagrad
};

// Row-wise Adagrad, as FBGEMM's exact one (EXACT_ROWWISE_ADAGRAD). State: `sum`, one float per row, 0 in a new
// table.
//
//   g' = g + (weight_decay * w)      where weight_decay > 0 and not decoupled (L2); else g' = g
//   p[0..7] = 0;  for column j ascending: p[j mod 8] = p[j mod 8] + (g'[j] * g'[j])
//   t = (((p0 + p1) + (p2 + p3)) + ((p4 + p5) + (p6 + p7))) / float(dim)
//   M = M + t;   r = lr / (sqrt(M) + eps)
//   w = w - (r * g')                 decoupled: w = (f32(1 - lr * weight_decay) * w) - (r * g)
struct RowwiseAdagrad {
  double lr = 0.01;
  double eps = 1e-8;  // above 0
  double weight_decay = 0;
  bool decoupled = false;
};

// Adam for sparse rows, as torch.optim.SparseAdam. State: `exp_avg` (m) and `exp_avg_sq` (v), one float per
// weight each, 0 in a new table.
//
//   m = m + ((g - m) * f32(1 - beta1))
//   v = v + (((g * g) - v) * f32(1 - beta2))
//   w = w - (f32(lr * sqrt(1 - beta2^step) / (1 - beta1^step)) * (m / (sqrt(v) + eps)))
//
// beta1 and beta2 are below 1, eps is above 0.
struct Adam {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
};

// FTRL-proximal (McMahan et al. 2013) in TensorFlow's form with lr_power -0.5. State: `accumulator` (N), which
// starts as initial_accumulator, and `linear` (z), which starts as 0; one float per weight each.
//
//   g' = l2_shrinkage > 0 ? g + (f32(2 * l2_shrinkage) * w) : g
//   N' = N + (g * g);   s = (sqrt(N') - sqrt(N)) / lr;   z = (z + g') - (s * w);   N = N'
//   w = |z| > l1 ? ((sign(z) * l1) - z) / ((sqrt(N') / lr) + f32(2 * l2 + beta / lr)) : +0
//
// A touched row forgets its initial weights, since z starts at 0. In the terms of the paper: alpha = lr,
// lambda1 = l1, lambda2 = 2 * l2. lr is above 0; initial_accumulator is above 0, or l2 or beta is.
struct Ftrl {
  double lr = 1e-3;
  double l1 = 0;
  double l2 = 0;
  double l2_shrinkage = 0;
  double beta = 0;
  double initial_accumulator = 0.1;
};

using Optimizer = std::variant<Sgd, Adagrad, RowwiseAdagrad, Adam, Ftrl>;

// "sgd", "adagrad", "rowwise_adagrad", "adam", "ftrl": as the command and FORMAT.md have them.
WINDROW_API std::string_view optimizer_name(const Optimizer& optimizer);

// A tensor of an optimiser's state; it stands in the file as `optimizer.` and its name.
struct StateTensor {
  std::string_view name;
  bool per_row = false;     // one float per row; else [rows, dim] floats
  float initial_value = 0;  // of every entry in a new table
};
// In the order in which they stand in the file; none for an optimiser without state.
WINDROW_API std::vector<StateTensor> state_tensors(const Optimizer& optimizer);

}  // namespace windrow
