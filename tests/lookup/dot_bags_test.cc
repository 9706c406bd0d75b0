#include <windrow/lookup.h>

#include <cstring>
#include <limits>
#include <vector>

#include "support/cases.h"
#include "support/catch.h"
#include "support/reference_lookup.h"
#include "support/targets.h"

using namespace windrow;

namespace {

// A request of these bags; `bags` outlives it.
Bags request_of(const BagCase& bags) {
  Bags request;
  request.ids = std::span(bags.ids);
  request.offsets = std::span(bags.offsets);
  return request;
}

std::vector<float> expected_dots(const MemoryTable& table, const BagCase& bags, const MemoryTable& vectors) {
  std::vector<float> out;
  for (size_t b = 0; b + 1 < bags.offsets.size(); ++b) {
    for (auto i = static_cast<size_t>(bags.offsets[b]); i < static_cast<size_t>(bags.offsets[b + 1]); ++i) {
      out.push_back(reference_dot(row_of(vectors, static_cast<int64_t>(b)), row_of(table, bags.ids[i])));
    }
  }
  return out;
}

std::vector<float> dots(const MemoryTable& table, const BagCase& bags, const MemoryTable& vectors,
                        LookupOptions options) {
  const auto wrapped = table.wrap();
  REQUIRE(wrapped);
  const Bags request = request_of(bags);
  std::vector<float> rows;
  for (int64_t b = 0; b < vectors.rows; ++b) {
    const auto row = row_of(vectors, b);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  std::vector<float> out(bags.ids.size(), 99);
  REQUIRE(dot_bags(*wrapped, request, RowsIn(rows, static_cast<size_t>(table.format.dim)), out, options));
  return out;
}

}  // namespace

TEST_CASE("dot_bags: eight partial sums on every target, at every dim", "[lookup]") {
  const std::vector<int64_t> lengths = {1, 0, 2, 37, 5};
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const int64_t dim : kDims) {
        const auto table = random_table(40, RowFormat::f32(dim), 1, false, 1);
        const auto vectors = random_table(static_cast<int64_t>(lengths.size()), RowFormat::f32(dim), 2);
        const auto bags = random_bags(40, lengths, 3);
        CAPTURE(dim);
        CHECK(same_bits(dots(table, bags, vectors, {1, {}}), expected_dots(table, bags, vectors)));
      }
    }
  }
}

TEST_CASE("dot_bags: rows of every format", "[lookup]") {
  const std::vector<int64_t> lengths = {1, 0, 200, 37, 5};
  for (const auto& format : every_format(50)) {
    const auto table = random_table(20'000, format, 1, false, 1);
    const auto vectors = random_table(static_cast<int64_t>(lengths.size()), RowFormat::f32(50), 2);
    const auto bags = random_bags(table.rows, lengths, 3);
    CAPTURE(name_of(format));
    for (const int threads : {1, 2}) {
      CHECK(same_bits(dots(table, bags, vectors, {threads, {}}), expected_dots(table, bags, vectors)));
    }
  }
}

TEST_CASE("dot_bags: vectors of f16 and bf16 are widened exactly, at any distance", "[lookup]") {
  const std::vector<int64_t> lengths = {1, 0, 2, 3000, 5};
  for (const int64_t dim : {1, 7, 50}) {
    for (const auto& rows : {RowFormat::f32(dim), RowFormat::bf16(dim), RowFormat::int8(dim)}) {
      const auto table = random_table(4000, rows, 1, false, 1);
      const auto bags = random_bags(table.rows, lengths, 3);
      for (const auto& format : {RowFormat::f16(dim), RowFormat::bf16(dim)}) {
        const auto vectors = random_table(static_cast<int64_t>(lengths.size()), format, 2);
        const auto stride = static_cast<size_t>(dim) + 3;
        std::vector<uint16_t> wide(lengths.size() * stride, 0x7e00);  // NaN in the columns that are not read
        for (size_t b = 0; b < lengths.size(); ++b)
          std::memcpy(wide.data() + b * stride, vectors.row(static_cast<int64_t>(b)), format.row_bytes());
        const auto type = format.kind == RowFormat::Kind::kF16 ? ValueType::kF16 : ValueType::kBf16;
        for (const int threads : {1, 2, 3}) {
          CAPTURE(name_of(rows), name_of(format), threads);
          std::vector<float> out(bags.ids.size(), 99);
          REQUIRE(dot_bags(*table.wrap(), request_of(bags), RowsIn(wide, stride, type), out, {.threads = threads}));
          CHECK(same_bits(out, expected_dots(table, bags, vectors)));
        }
      }
    }
  }
}

TEST_CASE("dot_bags: any number of threads gives the same, also inside one bag", "[lookup]") {
  const auto table = random_table(20'000, RowFormat::f32(30), 1);
  const std::vector<int64_t> lengths = {5, 30'000, 0, 0, 7, 3000};
  const auto bags = random_bags(table.rows, lengths, 2);
  const auto vectors = random_table(static_cast<int64_t>(lengths.size()), RowFormat::f32(30), 3);
  const auto expected = expected_dots(table, bags, vectors);
  for (const int threads : {1, 2, 3, 8}) CHECK(same_bits(dots(table, bags, vectors, {threads, {}}), expected));
}

TEST_CASE("dot_bags: padding positions are 0, whatever the vector holds", "[lookup]") {
  const auto table = random_table(4, RowFormat::f32(2), 1);
  auto vectors = random_table(1, RowFormat::f32(2), 2);
  vectors.set(0, 0, std::numeric_limits<float>::infinity());
  BagCase bags;
  bags.ids = {1, -1, 2};
  bags.offsets = {0, 3};
  CHECK(dots(table, bags, vectors, {.padding_id = -1})[1] == 0);
}

TEST_CASE("dot_bags: the gradient of the weights of the golden bags", "[lookup]") {
  const std::vector<float> values = {1, -2, 0.5, 4, 0, 8, -1, 0.25, 3, 3, 3, 3, -5, 1, 2, 0, 10, -10, 0.125, 7};
  const std::vector<float> grads = {1, 2, 3, 4, 9, 9, 9, 9, -1, 0.5, 0.25, 2, 0.5, 0.5, -0.5, 1};
  const std::vector<int64_t> ids = {0, 2, 2, 4, 1, 3, 1}, offsets = {0, 3, 3, 5, 7};
  const auto table = Table::wrap(values.data(), 5, RowFormat::f32(4));
  Bags bags;
  bags.ids = std::span(ids);
  bags.offsets = std::span(offsets);
  std::vector<float> out(7);
  REQUIRE(dot_bags(*table, bags, RowsIn(grads, 4), out));
  CHECK(out == std::vector<float>{14.5, 30, 30, -0.96875, 4.25, -3, 4.75});

  REQUIRE(dot_bags(*table, bags, RowsIn(grads, 4), out, {.padding_id = 2}));
  CHECK(out == std::vector<float>{14.5, 0, 0, -0.96875, 4.25, -3, 4.75});

  CHECK(!dot_bags(*table, bags, RowsIn(std::span(grads).first(12), 4), out));
  const std::vector<float> weights(7, 1.0f);
  bags.weights = weights;
  const auto refused = dot_bags(*table, bags, RowsIn(grads, 4), out);
  REQUIRE(!refused);
  CHECK(refused.error().message.find("weight_gradients") != std::string::npos);
  bags.weights = {};
  CHECK(!dot_bags(*table, bags, RowsIn(grads, 4), std::span(out).first(6)));
}
