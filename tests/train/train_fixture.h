#pragma once

#include <windrow/windrow.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "io/file.h"
#include "support/catch.h"
#include "support/reference_step.h"
#include "support/temporary_folder.h"
#include "table/table_file.h"

// What the tests of training share: tables with given rows, their rows and state as the file has them,
// requests.

inline std::vector<uint32_t> bits_of(std::span<const float> values) {
  std::vector<uint32_t> bits;
  for (const float v : values) bits.push_back(std::bit_cast<uint32_t>(v));
  return bits;
}

// The first place in which two arrays differ, or -1: what is compared may be too long to be printed.
inline int64_t first_difference(std::span<const float> a, std::span<const float> b) {
  const auto x = bits_of(a), y = bits_of(b);
  const auto at = std::mismatch(x.begin(), x.end(), y.begin(), y.end()).first - x.begin();
  return x == y ? -1 : at;
}

inline void make_table(const std::string& path, size_t dim, const std::vector<float>& weights,
                       std::optional<windrow::Optimizer> optimizer, bool padded = false) {
  windrow::RowFormat format = windrow::RowFormat::f32(static_cast<int64_t>(dim));
  if (padded) format = format.padded_to_lines();
  windrow::TableWriterSpec spec;
  spec.format = format;
  spec.optimizer = optimizer;
  auto writer = windrow::TableWriter::create(path, spec);
  REQUIRE(writer);
  REQUIRE(writer->append(windrow::RowsIn(weights, dim)));
  REQUIRE(writer->finish());
}

inline std::vector<float> rows_of(const windrow::Table& table) {
  const auto dim = static_cast<size_t>(table.dim());
  std::vector<float> values(static_cast<size_t>(table.rows()) * dim);
  for (int64_t r = 0; r < table.rows(); ++r) {
    std::memcpy(values.data() + static_cast<size_t>(r) * dim, table.row(r), 4 * dim);
  }
  return values;
}

// The values of a tensor as the file has them; empty when there is none.
inline std::vector<float> tensor_of(const std::string& path, const std::string& name) {
  auto file = windrow::open_table_file(windrow::io::posix(), path, windrow::io::Access::kRead, "");
  REQUIRE(file);
  const auto* tensor = file->header.find(name);
  if (!tensor) return {};
  std::vector<uint8_t> bytes(tensor->end - tensor->begin);
  REQUIRE(file->file->read(tensor->begin, bytes));
  std::vector<float> values(bytes.size() / 4);
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

inline std::vector<float> random_values(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(count);
  for (float& v : values) v = uniform(random);
  return values;
}

inline ReferenceTable reference_of(size_t dim, const std::vector<float>& weights,
                                   const windrow::Optimizer& optimizer) {
  ReferenceTable table;
  table.dim = dim;
  table.weights = weights;
  if (const auto* adagrad = std::get_if<windrow::Adagrad>(&optimizer)) {
    table.states.assign(weights.size(), static_cast<float>(adagrad->initial_accumulator));
  }
  return table;
}

// The same request through the public interface.
inline windrow::Result<windrow::StepReport> step(windrow::Trainer& trainer, const ReferenceRequest& request,
                                                 size_t dim, int threads = 1) {
  windrow::StepOptions options;
  options.threads = threads;
  options.padding_id = request.padding_id;
  const windrow::Ids ids{std::span<const int64_t>(request.ids)};
  const windrow::RowsIn grads(request.grads, dim);
  if (request.offsets.empty()) return trainer.step(ids, grads, options);
  windrow::Bags bags;
  bags.ids = ids;
  bags.offsets = std::span<const int64_t>(request.offsets);
  bags.weights = request.weights;
  return trainer.step(bags, request.pooling, grads, options);
}
