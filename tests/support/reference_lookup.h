#pragma once

#include <windrow/lookup.h>

#include <cmath>
#include <optional>
#include <vector>

#include "support/cases.h"

// What lookups compute, written from the comments in lookup.h and nearest.h as plainly as possible. It is the oracle of
// the tests and is never made faster.

inline std::vector<float> reference_pool(const MemoryTable& table, const BagCase& bags, windrow::Pooling pooling,
                                         bool weighted, std::optional<int64_t> padding = std::nullopt) {
  const auto dim = static_cast<size_t>(table.format.dim);
  std::vector<float> out;
  for (size_t b = 0; b + 1 < bags.offsets.size(); ++b) {
    for (size_t c = 0; c < dim; ++c) {
      float acc = 0.0f;
      int64_t used = 0;
      for (auto i = static_cast<size_t>(bags.offsets[b]); i < static_cast<size_t>(bags.offsets[b + 1]); ++i) {
        if (padding && bags.ids[i] == *padding) continue;
        const float x = table.at(bags.ids[i], c);
        if (pooling == windrow::Pooling::kMax) {
          acc = used == 0 ? x : (x > acc ? x : acc);
        } else if (weighted) {
          const float product = bags.weights[i] * x;
          acc = acc + product;
        } else {
          acc = acc + x;
        }
        ++used;
      }
      if (pooling == windrow::Pooling::kMean && used > 0) acc = acc / static_cast<float>(used);
      out.push_back(acc);
    }
  }
  return out;
}

inline float reference_dot(const std::vector<float>& a, const std::vector<float>& b) {
  float p[8] = {};
  for (size_t c = 0; c < a.size(); ++c) {
    const float product = a[c] * b[c];
    p[c % 8] = p[c % 8] + product;
  }
  return ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7]));
}

inline std::vector<float> row_of(const MemoryTable& table, int64_t id) {
  std::vector<float> row;
  for (size_t c = 0; c < static_cast<size_t>(table.format.dim); ++c) row.push_back(table.at(id, c));
  return row;
}
