#include "table/state_tensors.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/fail.h"
#include "table/optimizer_state.h"

namespace windrow {

namespace {

constexpr uint64_t kPartBytes = 1 << 20;  // of values that are handled at once

uint64_t values_per_row(const StateTensor& state, uint64_t dim) {
  return state.per_row ? 1 : dim;
}

}  // namespace

safetensors::NewTensor describe_state(const StateTensor& state, uint64_t rows, uint64_t dim) {
  std::vector<uint64_t> shape = {rows};
  if (!state.per_row) shape.push_back(dim);
  return {concat(kStatePrefix, state.name), "F32", std::move(shape)};
}

uint64_t state_row_bytes(const Optimizer& optimizer, uint64_t dim) {
  uint64_t values = 0;
  for (const auto& state : state_tensors(optimizer)) values += values_per_row(state, dim);
  return values * sizeof(float);
}

Result<void> write_state(TensorSink& sink, const Optimizer& optimizer, uint64_t rows, uint64_t dim,
                         const StateValues& values, const BetweenParts& between) {
  const auto states = state_tensors(optimizer);
  std::vector<float> part;
  for (size_t tensor = 0; tensor < states.size(); ++tensor) {
    const uint64_t width = values_per_row(states[tensor], dim);
    const uint64_t part_rows = std::min(rows, std::max<uint64_t>(1, kPartBytes / (width * sizeof(float))));
    part.assign(static_cast<size_t>(part_rows * width), states[tensor].initial_value);
    for (uint64_t row = 0; row < rows; row += part_rows) {
      const auto now = std::span(part).first(static_cast<size_t>(std::min(part_rows, rows - row) * width));
      if (values) {
        if (auto filled = values(tensor, static_cast<int64_t>(row), now); !filled) return filled;
      }
      if (auto put = sink.put(bytes_of(now)); !put) return put;
      if (between) {
        if (auto go_on = between(); !go_on) return go_on;
      }
    }
    if (auto ended = sink.end_tensor(); !ended) return ended;
  }
  return {};
}

}  // namespace windrow
