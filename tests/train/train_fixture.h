#pragma once

#include <windrow/windrow.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "io/file.h"
#include "support/catch.h"
#include "support/reference_step.h"
#include "support/table_values.h"
#include "support/temporary_folder.h"
#include "table/table_file.h"

// What the tests of training share: tables with given rows, their rows and state as the file has them,
// requests.

inline std::vector<uint32_t> bits_of(std::span<const float> values) {
  std::vector<uint32_t> bits;
  for (const float v : values) bits.push_back(std::bit_cast<uint32_t>(v));
  return bits;
}

// The first place in which two arrays differ, or -1: what is compared may be too long to be printed. NaN equals NaN,
// whatever its payload.
inline int64_t first_difference(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return static_cast<int64_t>(std::min(a.size(), b.size()));
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (std::bit_cast<uint32_t>(a[i]) != std::bit_cast<uint32_t>(b[i])) return static_cast<int64_t>(i);
  }
  return -1;
}

inline windrow::RowFormat format_of(windrow::ValueType type, size_t dim) {
  const auto columns = static_cast<int64_t>(dim);
  switch (type) {
    case windrow::ValueType::kF16:
      return windrow::RowFormat::f16(columns);
    case windrow::ValueType::kBf16:
      return windrow::RowFormat::bf16(columns);
    case windrow::ValueType::kF32:
      break;
  }
  return windrow::RowFormat::f32(columns);
}

inline void make_table(const std::string& path, const windrow::RowFormat& format, const std::vector<float>& weights,
                       std::optional<windrow::Optimizer> optimizer) {
  windrow::TableWriterSpec spec;
  spec.format = format;
  spec.optimizer = optimizer;
  auto writer = windrow::TableWriter::create(path, spec);
  REQUIRE(writer);
  REQUIRE(writer->append(windrow::RowsIn(weights, static_cast<size_t>(format.dim))));
  REQUIRE(writer->finish());
}

inline void make_table(const std::string& path, size_t dim, const std::vector<float>& weights,
                       std::optional<windrow::Optimizer> optimizer, bool padded = false) {
  const auto format = windrow::RowFormat::f32(static_cast<int64_t>(dim));
  make_table(path, padded ? format.padded_to_lines() : format, weights, optimizer);
}

inline windrow::Trainer opened(const std::string& path, const windrow::Optimizer& optimizer,
                                     const windrow::TrainOptions& options = {}) {
  auto trainer = windrow::Trainer::open(path, optimizer, options);
  REQUIRE(trainer);
  return std::move(*trainer);
}

// As floats.
inline std::vector<float> rows_of(const windrow::Table& table) { return all_values(table); }

// The values of a tensor of floats as the file has them; empty when there is none.
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

// What a new table of these weights holds.
inline ReferenceTable reference_of(size_t dim, const std::vector<float>& weights, const windrow::Optimizer& optimizer,
                                   windrow::ValueType type = windrow::ValueType::kF32,
                                   const windrow::TrainOptions& options = {}) {
  ReferenceTable table;
  table.dim = dim;
  table.type = type;
  table.options = options;
  for (size_t at = 0; at < weights.size(); at += dim) {
    table.rows.push_back({Vector(dim), new_states(optimizer, dim)});
    const auto begin = weights.begin() + static_cast<std::ptrdiff_t>(at);
    table.write_row(static_cast<int64_t>(at / dim), Vector(begin, begin + static_cast<std::ptrdiff_t>(dim)));
  }
  return table;
}

// The rows and the state that the file holds, and the step count, are those of the reference.
inline void check_equal(const ReferenceTable& expected, const windrow::Trainer& trainer, const std::string& path,
                        const windrow::Optimizer& optimizer) {
  std::vector<float> weights;
  for (const auto& row : expected.rows) weights.insert(weights.end(), row.w.begin(), row.w.end());
  CHECK(first_difference(rows_of(trainer.table()), weights) == -1);
  // The mapping is shared: what the file says is what the trainer has written, before any sync.
  const auto tensors = windrow::state_tensors(optimizer);
  for (size_t s = 0; s < tensors.size(); ++s) {
    std::vector<float> state;
    for (const auto& row : expected.rows) state.insert(state.end(), row.states[s].begin(), row.states[s].end());
    CAPTURE(std::string(tensors[s].name));
    CHECK(first_difference(tensor_of(path, "optimizer." + std::string(tensors[s].name)), state) == -1);
  }
  CHECK(trainer.step_count() == expected.steps);
}

inline void check_report(const windrow::StepReport& report, const windrow::StepReport& expected) {
  CHECK(report.ids == expected.ids);
  CHECK(report.used_ids == expected.used_ids);
  CHECK(report.skipped_ids == expected.skipped_ids);
  CHECK(report.unique_ids == expected.unique_ids);
  CHECK(report.rows_touched == expected.rows_touched);
  CHECK(report.step_count == expected.step_count);
}

// Rounds gradients to what a narrower type holds, as both sides of a comparison are to see them.
inline void narrow(std::vector<float>& values, windrow::ValueType type) {
  if (type == windrow::ValueType::kF32) return;
  for (float& v : values) v = reference_widened(type, reference_nearest(type, v));
}

// A request in the memory that the public interface takes it from, which must outlive the step.
struct RequestMemory {
  const ReferenceRequest& from;
  std::vector<uint16_t> codes;
  windrow::Bags bags;
  windrow::RowsIn grads;

  RequestMemory(const ReferenceRequest& request, size_t dim, windrow::ValueType type = windrow::ValueType::kF32)
      : from(request), grads(request.grads, dim) {
    bags.ids = std::span<const int64_t>(request.ids);
    bags.offsets = std::span<const int64_t>(request.offsets);
    bags.weights = request.weights;
    if (type == windrow::ValueType::kF32) return;
    for (const float g : request.grads) codes.push_back(reference_nearest(type, g));
    grads = windrow::RowsIn(codes, dim, type);
  }
  RequestMemory(const RequestMemory&) = delete;

  windrow::StepRequest for_many(windrow::Trainer& trainer) const {
    windrow::StepRequest request;
    request.trainer = &trainer;
    request.bags = bags;
    if (!from.offsets.empty()) request.pooling = from.pooling;
    request.grads = grads;
    request.padding_id = from.options.padding_id;
    return request;
  }
};

// A request through the public interface.
inline windrow::Result<windrow::StepReport> step(windrow::Trainer& trainer, const ReferenceRequest& request, size_t dim,
                                                 int threads = 1,
                                                 windrow::ValueType type = windrow::ValueType::kF32) {
  const RequestMemory memory(request, dim, type);
  windrow::StepOptions options = request.options;
  options.threads = threads;
  if (request.offsets.empty()) return trainer.step(memory.bags.ids, memory.grads, options);
  return trainer.step(memory.bags, request.pooling, memory.grads, options);
}

// The ways in which a gradient is given.
struct GradientKind {
  const char* name;
  bool bags;
  windrow::Pooling pooling;
  bool weighted;
};
inline constexpr GradientKind kGradientKinds[] = {
    {"per id", false, windrow::Pooling::kSum, false},     {"sum", true, windrow::Pooling::kSum, false},
    {"mean", true, windrow::Pooling::kMean, false},       {"max", true, windrow::Pooling::kMax, false},
    {"weighted sum", true, windrow::Pooling::kSum, true}, {"weighted mean", true, windrow::Pooling::kMean, true},
};

// Ids in bags of these lengths, with many repeats, the first and the last row among them.
inline ReferenceRequest random_request(const GradientKind& kind, const std::vector<int64_t>& lengths, int64_t rows,
                                       size_t dim, uint32_t seed) {
  std::mt19937 random(seed);
  ReferenceRequest request;
  request.pooling = kind.pooling;
  std::vector<int64_t> offsets{0};
  for (const int64_t length : lengths) offsets.push_back(offsets.back() + length);
  for (int64_t i = 0; i < offsets.back(); ++i) {
    request.ids.push_back(random() % 3 ? static_cast<int64_t>(random()) % rows : random() % 2 ? 0 : rows - 1);
  }
  if (kind.bags) request.offsets = offsets;
  if (kind.weighted) request.weights = random_values(request.ids.size(), seed + 1);
  request.grads = random_values((kind.bags ? lengths.size() : request.ids.size()) * dim, seed + 2);
  return request;
}

inline constexpr windrow::ValueType kValueTypes[] = {windrow::ValueType::kF32, windrow::ValueType::kF16,
                                                     windrow::ValueType::kBf16};
inline constexpr windrow::Rounding kRoundings[] = {windrow::Rounding::kNearest, windrow::Rounding::kStochastic};
