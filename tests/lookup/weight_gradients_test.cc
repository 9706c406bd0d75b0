#include <windrow/lookup.h>

#include <limits>
#include <vector>

#include "support/cases.h"
#include "support/catch.h"
#include "support/reference_lookup.h"
#include "support/targets.h"

using namespace windrow;

namespace {

const std::vector<float> kRows = {1, -2, 0.5, 4, 0, 8, -1, 0.25, 3, 3, 3, 3, -5, 1, 2, 0, 10, -10, 0.125, 7};
const std::vector<float> kGrads = {1, 2, 3, 4, 9, 9, 9, 9, -1, 0.5, 0.25, 2, 0.5, 0.5, -0.5, 1};
const std::vector<int64_t> kIds = {0, 2, 2, 4, 1, 3, 1}, kOffsets = {0, 3, 3, 5, 7};

Bags golden_bags() {
  Bags bags;
  bags.ids = std::span(kIds);
  bags.offsets = std::span(kOffsets);
  return bags;
}

std::vector<float> expected_gradients(const MemoryTable& table, const BagCase& bags, Pooling pooling,
                                      const MemoryTable& grads, std::optional<int64_t> padding) {
  std::vector<float> out;
  for (size_t b = 0; b + 1 < bags.offsets.size(); ++b) {
    const auto begin = static_cast<size_t>(bags.offsets[b]), end = static_cast<size_t>(bags.offsets[b + 1]);
    int64_t used = 0;
    for (size_t i = begin; i < end; ++i) used += bags.ids[i] != padding;
    const float r = 1.0f / static_cast<float>(used);
    for (size_t i = begin; i < end; ++i) {
      float dot = 0;
      if (bags.ids[i] != padding) {
        dot = reference_dot(row_of(grads, static_cast<int64_t>(b)), row_of(table, bags.ids[i]));
        if (pooling == Pooling::kMean) dot = dot * r;
      }
      out.push_back(dot);
    }
  }
  return out;
}

}  // namespace

TEST_CASE("weight_gradients: of the golden bags", "[lookup]") {
  const auto table = Table::wrap(kRows.data(), 5, RowFormat::f32(4));
  Bags bags = golden_bags();
  std::vector<float> out(7);
  REQUIRE(weight_gradients(*table, bags, Pooling::kSum, RowsIn(kGrads, 4), out));
  CHECK(out == std::vector<float>{14.5, 30, 30, -0.96875, 4.25, -3, 4.75});
  REQUIRE(weight_gradients(*table, bags, Pooling::kSum, RowsIn(kGrads, 4), out, {.padding_id = 2}));
  CHECK(out == std::vector<float>{14.5, 0, 0, -0.96875, 4.25, -3, 4.75});
  // The mean: times one third in bag 0, one half in the others; with padding 2 bag 0 has one id.
  const float third = 1.0f / 3.0f;
  REQUIRE(weight_gradients(*table, bags, Pooling::kMean, RowsIn(kGrads, 4), out));
  CHECK(same_bits(out, {14.5f * third, 30 * third, 30 * third, -0.484375f, 2.125f, -1.5f, 2.375f}));
  REQUIRE(weight_gradients(*table, bags, Pooling::kMean, RowsIn(kGrads, 4), out, {.padding_id = 2}));
  CHECK(out == std::vector<float>{14.5, 0, 0, -0.484375, 2.125, -1.5, 2.375});

  // Weights may be given, as to pool(); the gradient does not depend on them.
  const std::vector<float> weights(7, std::numeric_limits<float>::infinity());
  bags.weights = weights;
  REQUIRE(weight_gradients(*table, bags, Pooling::kSum, RowsIn(kGrads, 4), out));
  CHECK(out == std::vector<float>{14.5, 30, 30, -0.96875, 4.25, -3, 4.75});
}

TEST_CASE("weight_gradients: equals the reference for sum and mean, threads, formats and types of gradient",
          "[lookup]") {
  const std::vector<int64_t> lengths = {1, 0, 2, 3000, 5, 0, 700};
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const int64_t dim : {1, 8, 33}) {
        for (const auto& rows : {RowFormat::f32(dim), RowFormat::f16(dim), RowFormat::int4(dim)}) {
          const auto table = random_table(4000, rows, 1, false, 1);
          auto bags = random_bags(table.rows, lengths, 3);
          bags.ids[0] = 5;
          Bags request;
          request.ids = std::span<const int64_t>(bags.ids);
          request.offsets = std::span<const int64_t>(bags.offsets);
          for (const auto& format : {RowFormat::f32(dim), RowFormat::f16(dim), RowFormat::bf16(dim)}) {
            const auto grads = random_table(static_cast<int64_t>(lengths.size()), format, 2);
            RowsIn view;
            view.data = grads.data();
            view.rows = lengths.size();
            view.row_stride = static_cast<size_t>(dim);
            view.type = static_cast<ValueType>(static_cast<int>(format.kind) - 1);
            for (const auto pooling : {Pooling::kSum, Pooling::kMean}) {
              for (const auto padding : {std::optional<int64_t>(), std::optional<int64_t>(5)}) {
                const auto expected = expected_gradients(table, bags, pooling, grads, padding);
                for (const int threads : {1, 2, 3, 8}) {
                  CAPTURE(name_of(rows), name_of(format), static_cast<int>(pooling), padding.has_value(), threads);
                  std::vector<float> out(bags.ids.size(), 99);
                  REQUIRE(weight_gradients(*table.wrap(), request, pooling, view, out,
                                           {.threads = threads, .padding_id = padding}));
                  CHECK(same_bits(out, expected));
                }
              }
            }
          }
        }
      }
    }
  }
}

TEST_CASE("weight_gradients: unused positions are 0, whatever the gradient holds, and skipped ids are counted",
          "[lookup]") {
  const auto table = Table::wrap(kRows.data(), 5, RowFormat::f32(4));
  const std::vector<int64_t> ids = {1, -1, 2, -1, 9}, offsets = {0, 3, 5};
  std::vector<float> grads(8, std::numeric_limits<float>::quiet_NaN());
  Bags bags;
  bags.ids = std::span(ids);
  bags.offsets = std::span(offsets);
  for (const auto pooling : {Pooling::kSum, Pooling::kMean}) {
    std::vector<float> out(5, 99);
    const auto report =
        weight_gradients(*table, bags, pooling, RowsIn(grads, 4), out, {.padding_id = -1, .bad_ids = BadIds::kSkip});
    REQUIRE(report);
    CHECK(report->skipped_ids == 1);
    CHECK(std::isnan(out[0]));
    for (const size_t i : {1, 3, 4}) CHECK(std::bit_cast<uint32_t>(out[i]) == 0);
  }
}

TEST_CASE("weight_gradients: what is refused leaves the output as it was", "[lookup]") {
  const auto table = Table::wrap(kRows.data(), 5, RowFormat::f32(4));
  const Bags bags = golden_bags();
  Bags bad_id = bags;
  const std::vector<int64_t> ids = {0, 2, 2, 4, 5, 3, 1};
  bad_id.ids = std::span(ids);
  std::vector<float> out(7, 99);
  const RowsIn grads(kGrads, 4);
  const auto code_of = [](const Result<LookupReport>& result) {
    REQUIRE(!result);
    INFO(result.error().message);
    CHECK(!result.error().message.empty());
    return result.error().code;
  };
  CHECK(code_of(weight_gradients(*table, bags, Pooling::kMax, grads, out)) == ErrorCode::kInvalidArgument);
  CHECK(code_of(weight_gradients(*table, bad_id, Pooling::kSum, grads, out)) == ErrorCode::kOutOfRange);
  CHECK(code_of(weight_gradients(*table, bags, Pooling::kSum, RowsIn(std::span(kGrads).first(12), 4), out)) ==
        ErrorCode::kInvalidArgument);
  CHECK(code_of(weight_gradients(*table, bags, Pooling::kSum, grads, std::span(out).first(6))) ==
        ErrorCode::kInvalidArgument);
  CHECK(out == std::vector<float>(7, 99));
  CHECK(weight_gradients(*table, Bags{}, Pooling::kMean, RowsIn{}, {}));
}
