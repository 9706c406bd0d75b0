#pragma once

#include <windrow/lookup.h>
#include <windrow/optimizer.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <variant>
#include <vector>

// What a training step computes, written from the comments in trainer.h and optimizer.h as plainly as
// possible. It is the oracle of the tests and is never made faster.

struct ReferenceTable {
  size_t dim = 0;
  std::vector<float> weights;  // rows x dim
  std::vector<float> states;   // rows x dim, or empty
  int64_t steps = 0;

  float& weight(int64_t row, size_t column) { return weights[static_cast<size_t>(row) * dim + column]; }
  float& state(int64_t row, size_t column) { return states[static_cast<size_t>(row) * dim + column]; }
};

struct ReferenceRequest {
  std::vector<int64_t> ids;
  std::vector<float> grads;  // one row of dim per bag, or per id where there are no bags
  std::optional<int64_t> padding_id;

  std::vector<int64_t> offsets;  // empty: no bags
  windrow::Pooling pooling = windrow::Pooling::kSum;
  std::vector<float> weights;

  bool uses(size_t position) const { return !padding_id || ids[position] != *padding_id; }
};

using Vector = std::vector<float>;
// By row, the contributions of its positions in order.
using Contributions = std::map<int64_t, std::vector<Vector>>;

inline Vector gradient_row(const ReferenceRequest& request, size_t row, size_t dim) {
  const auto begin = request.grads.begin() + static_cast<std::ptrdiff_t>(row * dim);
  return Vector(begin, begin + static_cast<std::ptrdiff_t>(dim));
}

// The first used position of a bag that holds the maximum of a column; none is ever beaten by a NaN.
inline size_t winner(ReferenceTable& table, const ReferenceRequest& request, size_t begin, size_t end,
                     size_t column) {
  std::optional<size_t> best;
  for (size_t i = begin; i < end; ++i) {
    if (!request.uses(i)) continue;
    if (!best || table.weight(request.ids[i], column) > table.weight(request.ids[*best], column)) best = i;
  }
  return *best;
}

inline void add_bag(ReferenceTable& table, const ReferenceRequest& request, size_t bag,
                    Contributions& result) {
  const auto begin = static_cast<size_t>(request.offsets[bag]),
             end = static_cast<size_t>(request.offsets[bag + 1]);
  const Vector g = gradient_row(request, bag, table.dim);
  int64_t used = 0;
  for (size_t i = begin; i < end; ++i) used += request.uses(i);
  if (used == 0) return;
  const float reciprocal = 1.0f / static_cast<float>(used);

  std::vector<size_t> winners;
  if (request.pooling == windrow::Pooling::kMax) {
    for (size_t c = 0; c < table.dim; ++c) winners.push_back(winner(table, request, begin, end, c));
  }
  for (size_t i = begin; i < end; ++i) {
    if (!request.uses(i)) continue;
    Vector v = g;
    bool contributes = true;
    if (request.pooling == windrow::Pooling::kMax) {
      contributes = false;
      for (size_t c = 0; c < table.dim; ++c) {
        if (winners[c] == i)
          contributes = true;
        else
          v[c] = 0.0f;
      }
    } else if (request.pooling == windrow::Pooling::kMean) {
      const float factor = request.weights.empty() ? reciprocal : request.weights[i] * reciprocal;
      for (float& x : v) x = x * factor;
    } else if (!request.weights.empty()) {
      for (float& x : v) x = x * request.weights[i];
    }
    if (contributes) result[request.ids[i]].push_back(v);
  }
}

inline Contributions contributions(ReferenceTable& table, const ReferenceRequest& request) {
  Contributions result;
  if (request.offsets.empty()) {
    for (size_t i = 0; i < request.ids.size(); ++i) {
      if (request.uses(i)) result[request.ids[i]].push_back(gradient_row(request, i, table.dim));
    }
  } else {
    for (size_t bag = 0; bag + 1 < request.offsets.size(); ++bag) add_bag(table, request, bag, result);
  }
  return result;
}

// The merged gradient of each touched row.
inline std::map<int64_t, Vector> merged(const Contributions& all) {
  std::map<int64_t, Vector> result;
  for (const auto& [row, list] : all) {
    Vector sum = list[0];
    for (size_t k = 1; k < list.size(); ++k) {
      for (size_t c = 0; c < sum.size(); ++c) sum[c] = sum[c] + list[k][c];
    }
    result[row] = sum;
  }
  return result;
}

inline void update(float& w, float* /*s*/, float g, const windrow::Sgd& sgd, int64_t /*step*/) {
  w = w - static_cast<float>(sgd.lr) * g;
}

inline void update(float& w, float* s, float g, const windrow::Adagrad& adagrad, int64_t step) {
  const auto lr = static_cast<float>(adagrad.lr / (1 + static_cast<double>(step - 1) * adagrad.lr_decay));
  const auto eps = static_cast<float>(adagrad.eps);
  *s = *s + g * g;
  const float root = adagrad.eps_inside ? std::sqrt(*s + eps) : std::sqrt(*s) + eps;
  w = w - lr * (g / root);
}

// Takes the step; returns how many rows it touched.
inline size_t reference_step(ReferenceTable& table, const ReferenceRequest& request,
                             const windrow::Optimizer& optimizer) {
  const auto gradients = merged(contributions(table, request));
  ++table.steps;
  for (const auto& [row, g] : gradients) {
    for (size_t c = 0; c < table.dim; ++c) {
      float& weight = table.weight(row, c);
      float* state = table.states.empty() ? nullptr : &table.state(row, c);
      const float gradient = g[c];
      std::visit([&](const auto& kind) { update(weight, state, gradient, kind, table.steps); }, optimizer);
    }
  }
  return gradients.size();
}
