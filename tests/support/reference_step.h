#pragma once

#include <windrow/lookup.h>
#include <windrow/optimizer.h>
#include <windrow/trainer.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "support/reference_optimizer.h"
#include "support/reference_rounding.h"

// What a training step computes, written from the comments in trainer.h as plainly as possible. It is the oracle of the
// tests and is never made faster.

// Weights are kept as floats, whatever the rows are: every value of a narrow row is one.
struct ReferenceTable {
  size_t dim = 0;
  std::vector<ReferenceRow> rows;
  windrow::ValueType type = windrow::ValueType::kF32;  // of the rows
  windrow::TrainOptions options = {};
  int64_t steps = 0;

  const float& weight(int64_t row, size_t column) const { return rows[static_cast<size_t>(row)].w[column]; }
  void write_row(int64_t row, const Vector& values) {
    Vector& w = rows[static_cast<size_t>(row)].w;
    for (size_t c = 0; c < dim; ++c) w[c] = stored(values[c]);
  }
  // To nearest.
  float stored(float value) const {
    if (type == windrow::ValueType::kF32) return value;
    return reference_widened(type, reference_nearest(type, value));
  }
};

// Gradients are floats here too; those that are given as f16 or bf16 were widened.
struct ReferenceRequest {
  std::vector<int64_t> ids;
  std::vector<float> grads;  // one row of dim per bag, or per id where there are no bags
  windrow::StepOptions options;

  std::vector<int64_t> offsets;  // empty: no bags
  windrow::Pooling pooling = windrow::Pooling::kSum;
  std::vector<float> weights;
};

// By row, the contributions of its positions in order.
using Contributions = std::map<int64_t, std::vector<Vector>>;

inline bool uses(const ReferenceTable& table, const ReferenceRequest& request, size_t position) {
  const int64_t id = request.ids[position];
  if (request.options.padding_id && id == *request.options.padding_id) return false;
  return id >= 0 && id < static_cast<int64_t>(table.rows.size());  // others were skipped, or the step refused
}

inline Vector gradient_row(const ReferenceRequest& request, size_t row, size_t dim) {
  const auto begin = request.grads.begin() + static_cast<std::ptrdiff_t>(row * dim);
  return Vector(begin, begin + static_cast<std::ptrdiff_t>(dim));
}

// The first used position of a bag that holds the maximum of a column; none is ever beaten by a NaN.
inline size_t winner(const ReferenceTable& table, const ReferenceRequest& request, size_t begin, size_t end,
                     size_t column) {
  std::optional<size_t> best;
  for (size_t i = begin; i < end; ++i) {
    if (!uses(table, request, i)) continue;
    if (!best || table.weight(request.ids[i], column) > table.weight(request.ids[*best], column)) best = i;
  }
  return *best;
}

inline void add_bag(const ReferenceTable& table, const ReferenceRequest& request, size_t bag, Contributions& result) {
  const auto begin = static_cast<size_t>(request.offsets[bag]), end = static_cast<size_t>(request.offsets[bag + 1]);
  const Vector g = gradient_row(request, bag, table.dim);
  int64_t used = 0;
  for (size_t i = begin; i < end; ++i) used += uses(table, request, i);
  if (used == 0) return;
  const float reciprocal = 1.0f / static_cast<float>(used);

  std::vector<size_t> winners;
  if (request.pooling == windrow::Pooling::kMax) {
    for (size_t c = 0; c < table.dim; ++c) winners.push_back(winner(table, request, begin, end, c));
  }
  for (size_t i = begin; i < end; ++i) {
    if (!uses(table, request, i)) continue;
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

inline Contributions contributions(const ReferenceTable& table, const ReferenceRequest& request) {
  Contributions result;
  if (request.offsets.empty()) {
    for (size_t i = 0; i < request.ids.size(); ++i) {
      if (uses(table, request, i)) result[request.ids[i]].push_back(gradient_row(request, i, table.dim));
    }
  } else {
    for (size_t bag = 0; bag + 1 < request.offsets.size(); ++bag) add_bag(table, request, bag, result);
  }
  return result;
}

inline Vector merged(const std::vector<Vector>& list) {
  Vector sum = list[0];
  for (size_t k = 1; k < list.size(); ++k) {
    for (size_t c = 0; c < sum.size(); ++c) sum[c] = sum[c] + list[k][c];
  }
  return sum;
}

// Stores a row that has taken its step.
inline void round_row(const ReferenceTable& table, int64_t row, Vector& w) {
  for (size_t c = 0; c < w.size(); ++c) {
    if (table.type == windrow::ValueType::kF32 || table.options.rounding == windrow::Rounding::kNearest) {
      w[c] = table.stored(w[c]);
    } else {
      const uint32_t word = reference_word(table.options.seed, table.steps, row, c);
      w[c] = reference_widened(table.type, reference_stochastic(table.type, w[c], word));
    }
  }
}

// Takes the step; returns how many rows it touched.
inline size_t reference_step(ReferenceTable& table, const ReferenceRequest& request,
                             const windrow::Optimizer& optimizer) {
  const Contributions all = contributions(table, request);
  ++table.steps;
  for (const auto& [id, list] : all) {
    Vector g = merged(list);
    if (request.options.scale_by_frequency) {
      for (float& x : g) x = x / static_cast<float>(list.size());
    }
    reference_clip(g, request.options.clip);
    ReferenceRow& row = table.rows[static_cast<size_t>(id)];
    reference_update(row, g, optimizer, table.steps);
    round_row(table, id, row.w);
  }
  return all.size();
}

// What the report of a step must say.
inline windrow::StepReport reference_report(const ReferenceTable& table, const ReferenceRequest& request,
                                            size_t rows_touched) {
  windrow::StepReport report;
  std::map<int64_t, int> distinct;
  report.ids = static_cast<int64_t>(request.ids.size());
  for (size_t i = 0; i < request.ids.size(); ++i) {
    const bool padding = request.options.padding_id && request.ids[i] == *request.options.padding_id;
    if (uses(table, request, i)) {
      ++report.used_ids;
      distinct[request.ids[i]] = 1;
    } else if (!padding) {
      ++report.skipped_ids;
    }
  }
  report.unique_ids = static_cast<int64_t>(distinct.size());
  report.rows_touched = static_cast<int64_t>(rows_touched);
  report.step_count = table.steps;
  return report;
}
