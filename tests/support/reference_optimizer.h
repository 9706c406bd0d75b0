#pragma once

#include <windrow/optimizer.h>
#include <windrow/trainer.h>

#include <cmath>
#include <cstdint>
#include <variant>
#include <vector>

#include "support/reference_lookup.h"

// What an optimiser does to one row, written from the comments in optimizer.h as plainly as possible. It is the oracle
// of the tests and is never made faster.

using Vector = std::vector<float>;

struct ReferenceRow {
  Vector w;
  std::vector<Vector> states;  // of each state tensor: a float per column, or one
};

// A row in a new table.
inline std::vector<Vector> new_states(const windrow::Optimizer& optimizer, size_t dim) {
  std::vector<Vector> states;
  for (const auto& state : windrow::state_tensors(optimizer)) {
    states.push_back(Vector(state.per_row ? 1 : dim, state.initial_value));
  }
  return states;
}

inline void reference_update(ReferenceRow& row, const Vector& gradient, const windrow::Sgd& sgd, int64_t /*step*/) {
  const auto lr = static_cast<float>(sgd.lr), momentum = static_cast<float>(sgd.momentum);
  for (size_t c = 0; c < row.w.size(); ++c) {
    const float g = gradient[c];
    float direction = g;
    if (sgd.momentum > 0) {
      float& v = row.states[0][c];
      v = (momentum * v) + g;
      direction = sgd.nesterov ? g + (momentum * v) : v;
    }
    row.w[c] = row.w[c] - (lr * direction);
  }
}

inline void reference_update(ReferenceRow& row, const Vector& gradient, const windrow::Adagrad& adagrad,
                             int64_t step) {
  const auto clr = static_cast<float>(adagrad.lr / (1 + static_cast<double>(step - 1) * adagrad.lr_decay));
  const auto eps = static_cast<float>(adagrad.eps);
  for (size_t c = 0; c < row.w.size(); ++c) {
    const float g = gradient[c];
    float& s = row.states[0][c];
    s = s + (g * g);
    const float root = adagrad.eps_inside ? std::sqrt(s + eps) : std::sqrt(s) + eps;
    row.w[c] = row.w[c] - (clr * (g / root));
  }
}

inline void reference_update(ReferenceRow& row, const Vector& gradient, const windrow::RowwiseAdagrad& adagrad,
                             int64_t /*step*/) {
  const auto lr = static_cast<float>(adagrad.lr), eps = static_cast<float>(adagrad.eps),
             decay = static_cast<float>(adagrad.weight_decay),
             kept = static_cast<float>(1 - adagrad.lr * adagrad.weight_decay);
  const bool decays = adagrad.weight_decay > 0;
  Vector g = gradient;
  for (size_t c = 0; c < g.size(); ++c) {
    if (decays && !adagrad.decoupled) g[c] = g[c] + (decay * row.w[c]);
  }
  float& m = row.states[0][0];
  m = m + reference_dot(g, g) / static_cast<float>(g.size());
  const float rate = lr / (std::sqrt(m) + eps);
  for (size_t c = 0; c < g.size(); ++c) {
    const float w = decays && adagrad.decoupled ? kept * row.w[c] : row.w[c];
    row.w[c] = w - (rate * g[c]);
  }
}

inline void reference_update(ReferenceRow& row, const Vector& gradient, const windrow::Adam& adam, int64_t step) {
  const auto steps = static_cast<double>(step);
  const auto a1 = static_cast<float>(1 - adam.beta1), a2 = static_cast<float>(1 - adam.beta2),
             eps = static_cast<float>(adam.eps),
             lr = static_cast<float>(adam.lr * std::sqrt(1 - std::pow(adam.beta2, steps)) /
                                     (1 - std::pow(adam.beta1, steps)));
  for (size_t c = 0; c < row.w.size(); ++c) {
    const float g = gradient[c];
    float &m = row.states[0][c], &v = row.states[1][c];
    m = m + ((g - m) * a1);
    v = v + (((g * g) - v) * a2);
    row.w[c] = row.w[c] - (lr * (m / (std::sqrt(v) + eps)));
  }
}

inline void reference_update(ReferenceRow& row, const Vector& gradient, const windrow::Ftrl& ftrl, int64_t /*step*/) {
  const auto lr = static_cast<float>(ftrl.lr), l1 = static_cast<float>(ftrl.l1),
             ridge = static_cast<float>(2 * ftrl.l2 + ftrl.beta / ftrl.lr),
             shrinkage = static_cast<float>(2 * ftrl.l2_shrinkage);
  for (size_t c = 0; c < row.w.size(); ++c) {
    const float g = gradient[c];
    float &w = row.w[c], &n = row.states[0][c], &z = row.states[1][c];
    const float shrunk = ftrl.l2_shrinkage > 0 ? g + (shrinkage * w) : g;
    const float n_next = n + (g * g);
    const float s = (std::sqrt(n_next) - std::sqrt(n)) / lr;
    z = (z + shrunk) - (s * w);
    n = n_next;
    const float sign = z > 0 ? 1.0f : -1.0f;
    w = std::fabs(z) > l1 ? ((sign * l1) - z) / ((std::sqrt(n) / lr) + ridge) : 0.0f;
  }
}

inline void reference_update(ReferenceRow& row, const Vector& gradient, const windrow::Optimizer& optimizer,
                             int64_t step) {
  std::visit([&](const auto& kind) { reference_update(row, gradient, kind, step); }, optimizer);
}

inline void reference_clip(Vector& g, const windrow::Clip& clip) {
  const auto limit = static_cast<float>(clip.limit);
  if (clip.kind == windrow::Clip::Kind::kValue) {
    for (float& x : g) {
      if (x < -limit) x = -limit;
      if (x > limit) x = limit;
    }
  }
  if (clip.kind == windrow::Clip::Kind::kRowNorm) {
    const float norm = std::sqrt(reference_dot(g, g));
    if (!(norm > limit)) return;
    const float factor = limit / norm;
    for (float& x : g) x = x * factor;
  }
}

// Every optimiser, with every option that changes what it does.
struct NamedOptimizer {
  const char* name;
  windrow::Optimizer optimizer;
};
inline const std::vector<NamedOptimizer> kEveryOptimizer = {
    {"sgd", windrow::Sgd{.lr = 0.1}},
    {"sgd, momentum", windrow::Sgd{.lr = 0.1, .momentum = 0.9}},
    {"sgd, nesterov", windrow::Sgd{.lr = 0.1, .momentum = 0.9, .nesterov = true}},
    {"adagrad", windrow::Adagrad{.lr = 0.1}},
    {"adagrad, lr_decay", windrow::Adagrad{.lr = 0.1, .lr_decay = 0.5, .initial_accumulator = 0.1}},
    {"adagrad, eps inside", windrow::Adagrad{.lr = 0.1, .initial_accumulator = 0.1, .eps = 1e-3, .eps_inside = true}},
    {"rowwise_adagrad", windrow::RowwiseAdagrad{.lr = 0.1}},
    {"rowwise_adagrad, L2", windrow::RowwiseAdagrad{.lr = 0.1, .weight_decay = 0.01}},
    {"rowwise_adagrad, decoupled", windrow::RowwiseAdagrad{.lr = 0.1, .weight_decay = 0.01, .decoupled = true}},
    {"adam", windrow::Adam{.lr = 0.1}},
    {"ftrl", windrow::Ftrl{.lr = 0.1, .l1 = 0.05, .l2 = 0.01}},
    {"ftrl, shrinkage, beta", windrow::Ftrl{.lr = 0.1, .l1 = 0.01, .l2_shrinkage = 0.02, .beta = 0.5}},
};
