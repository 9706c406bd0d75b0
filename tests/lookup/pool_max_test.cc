#include <windrow/lookup.h>

#include <vector>

#include "support/cases.h"
#include "support/catch.h"
#include "support/reference_lookup.h"

using namespace windrow;

namespace {

Bags view(const BagCase& bags) {
  Bags result;
  result.ids = std::span(bags.ids);
  result.offsets = std::span(bags.offsets);
  return result;
}

// The id of the first row that no later row exceeds, as torch's max_indices has it.
std::vector<int64_t> expected_winners(const MemoryTable& floats, const BagCase& bags, std::optional<int64_t> padding) {
  std::vector<int64_t> winners;
  for (size_t b = 0; b + 1 < bags.offsets.size(); ++b) {
    for (size_t c = 0; c < static_cast<size_t>(floats.format.dim); ++c) {
      int64_t winner = -1;
      float best = 0;
      for (auto i = static_cast<size_t>(bags.offsets[b]); i < static_cast<size_t>(bags.offsets[b + 1]); ++i) {
        if (padding && bags.ids[i] == *padding) continue;
        const float x = floats.at(bags.ids[i], c);
        if (winner < 0 || x > best) winner = bags.ids[i], best = x;
      }
      winners.push_back(winner);
    }
  }
  return winners;
}

}  // namespace

TEST_CASE("pool_max: values are those of pool, winners the first of the greatest, in every format", "[lookup]") {
  for (const int64_t dim : {1, 17, 64}) {
    for (const auto& format : every_format(dim)) {
      const auto memory = random_table(10'000, format, 1, true, 1);
      const auto floats = decoded(memory);
      const auto bags = random_bags(memory.rows, {3, 0, 40, 700, 1, 20, 4000}, 2);
      const auto table = memory.wrap();
      for (const std::optional<int64_t> padding : {std::optional<int64_t>(), std::optional<int64_t>(memory.rows - 1)}) {
        const auto expected = expected_winners(floats, bags, padding);
        for (const int threads : {1, 2, 3}) {
          CAPTURE(name_of(format), threads, padding.has_value());
          std::vector<float> out(7 * static_cast<size_t>(dim));
          std::vector<int64_t> winners(out.size(), 77);
          REQUIRE(pool_max(*table, view(bags), RowsOut(out, static_cast<size_t>(dim)), winners, {threads, padding}));
          CHECK(same_bits(out, reference_pool(floats, bags, Pooling::kMax, false, padding)));
          CHECK(winners == expected);
        }
      }
    }
  }
}

TEST_CASE("pool_max: a wrong number of winners and weights are refused", "[lookup]") {
  const auto memory = random_table(10, RowFormat::f32(3), 1);
  const auto table = memory.wrap();
  auto bags = random_bags(10, {2, 2}, 1);
  std::vector<float> out(6);
  std::vector<int64_t> winners(5);
  const auto few = pool_max(*table, view(bags), RowsOut(out, 3), winners);
  REQUIRE(!few);
  CHECK(few.error().code == ErrorCode::kInvalidArgument);
  CHECK(few.error().message.find("winners: holds 5 entries for 2 bags of dim 3") == 0);
  winners.resize(6);
  Bags weighted = view(bags);
  weighted.weights = bags.weights;
  CHECK(!pool_max(*table, weighted, RowsOut(out, 3), winners));
}
