#include <windrow/lookup.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "support/catch.h"

// Values that torch 1.13.1 computes for the same input, but for the weighted mean, which torch refuses.

using namespace windrow;

namespace {

struct Golden {
  std::vector<float> table = {1, -2, 0.5, 4, 0, 8, -1, 0.25, 3, 3, 3, 3, -5, 1, 2, 0, 10, -10, 0.125, 7};
  std::vector<int64_t> ids = {0, 2, 2, 4, 1, 3, 1};
  std::vector<int64_t> offsets = {0, 3, 3, 5, 7};
  std::vector<float> weights = {0.5, 2, 1, -1, 3, 0.25, 4};

  std::vector<float> pooled(Pooling mode, bool weighted, std::optional<int64_t> padding = std::nullopt) const {
    const auto wrapped = Table::wrap(table.data(), 5, RowFormat::f32(4));
    REQUIRE(wrapped);
    Bags bags;
    bags.ids = std::span(ids);
    bags.offsets = std::span(offsets);
    if (weighted) bags.weights = weights;
    std::vector<float> out(16, 99);
    REQUIRE(pool(*wrapped, bags, mode, RowsOut(out, 4), {.padding_id = padding}));
    return out;
  }
};

float from_bits(uint32_t bits) { return std::bit_cast<float>(bits); }

// Pools the rows `ids` of a small table with the given columns as one bag.
std::vector<float> pool_one(const std::vector<float>& values, int64_t dim, std::vector<int64_t> ids, Pooling mode,
                            std::vector<float> weights = {}, std::optional<int64_t> padding = std::nullopt) {
  const auto table = Table::wrap(values.data(), static_cast<int64_t>(values.size()) / dim, RowFormat::f32(dim));
  REQUIRE(table);
  const std::vector<int64_t> lengths = {static_cast<int64_t>(ids.size())};
  Bags bags;
  bags.ids = std::span<const int64_t>(ids);
  bags.lengths = std::span<const int64_t>(lengths);
  bags.weights = weights;
  std::vector<float> out(static_cast<size_t>(dim));
  REQUIRE(pool(*table, bags, mode, RowsOut(out, static_cast<size_t>(dim)), {.padding_id = padding}));
  return out;
}

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("pool: sum, mean and max of the golden table", "[lookup]") {
  const Golden golden;
  CHECK(golden.pooled(Pooling::kSum, false) ==
        std::vector<float>{7, 4, 6.5, 10, 0, 0, 0, 0, 10, -2, -0.875, 7.25, -5, 9, 1, 0.25});
  CHECK(golden.pooled(Pooling::kMean, false) ==
        std::vector<float>{from_bits(0x40155555), from_bits(0x3faaaaab), from_bits(0x400aaaab), from_bits(0x40555555),
                           0, 0, 0, 0, 5, -1, -0.4375, 3.625, -2.5, 4.5, 0.5, 0.125});
  CHECK(golden.pooled(Pooling::kMax, false) ==
        std::vector<float>{3, 3, 3, 4, 0, 0, 0, 0, 10, 8, 0.125, 7, 0, 8, 2, 0.25});
}

TEST_CASE("pool: weighted sum and weighted mean of the golden table", "[lookup]") {
  const Golden golden;
  CHECK(golden.pooled(Pooling::kSum, true) ==
        std::vector<float>{9.5, 8, 9.25, 11, 0, 0, 0, 0, -10, 34, -3.125, -6.25, -1.25, 32.25, -3.5, 1});
  CHECK(golden.pooled(Pooling::kMean, true) ==
        std::vector<float>{from_bits(0x404aaaab), from_bits(0x402aaaab), from_bits(0x40455555), from_bits(0x406aaaab),
                           0, 0, 0, 0, -5, 17, -1.5625, -3.125, -0.625, 16.125, -1.75, 0.5});
}

TEST_CASE("pool: padding id 2 of the golden table counts in no mode", "[lookup]") {
  const Golden golden;
  const std::vector<float> sum = {1, -2, 0.5, 4, 0, 0, 0, 0, 10, -2, -0.875, 7.25, -5, 9, 1, 0.25};
  CHECK(golden.pooled(Pooling::kSum, false, 2) == sum);
  CHECK(golden.pooled(Pooling::kMean, false, 2) ==
        std::vector<float>{1, -2, 0.5, 4, 0, 0, 0, 0, 5, -1, -0.4375, 3.625, -2.5, 4.5, 0.5, 0.125});
  CHECK(golden.pooled(Pooling::kMax, false, 2) ==
        std::vector<float>{1, -2, 0.5, 4, 0, 0, 0, 0, 10, 8, 0.125, 7, 0, 8, 2, 0.25});
  CHECK(golden.pooled(Pooling::kSum, true, 2) ==
        std::vector<float>{0.5, -1, 0.25, 2, 0, 0, 0, 0, -10, 34, -3.125, -6.25, -1.25, 32.25, -3.5, 1});
}

TEST_CASE("pool: a sum runs over ids in their order", "[lookup]") {
  const std::vector<float> rows = {16777216, 1};  // 2^24
  CHECK(pool_one(rows, 1, {0, 1, 1}, Pooling::kSum)[0] == 16777216);
  CHECK(pool_one(rows, 1, {1, 1, 0}, Pooling::kSum)[0] == 16777218);
}

TEST_CASE("pool: a weighted sum rounds products and sums separately", "[lookup]") {
  const auto out = pool_one({0.1f, 0.7f, 1.1f}, 1, {0, 1, 2}, Pooling::kSum, {0.3f, 0.7f, -1.9f});
  CHECK(std::bit_cast<uint32_t>(out[0]) == 0xbfc8f5c2);  // a fused multiply-add gives bfc8f5c3
}

TEST_CASE("pool: in a maximum a NaN of the first row stays, and a later one is ignored", "[lookup]") {
  const std::vector<float> rows = {kNan, 1, -1, 2, kNan, -3, 1, 0, kNan};
  const auto first = pool_one(rows, 3, {0, 1, 2}, Pooling::kMax);
  CHECK((std::isnan(first[0]) && first[1] == 1 && first[2] == -1));
  const auto second = pool_one(rows, 3, {1, 0, 2}, Pooling::kMax);
  CHECK((second[0] == 2 && std::isnan(second[1]) && second[2] == -1));
  const auto padded = pool_one(rows, 3, {0, 1, 2}, Pooling::kMax, {}, 0);
  CHECK((padded[0] == 2 && std::isnan(padded[1]) && padded[2] == -3));
}

TEST_CASE("pool: a maximum of both zeros is the one that came first", "[lookup]") {
  const std::vector<float> rows = {-0.0f, 0.0f, 0.0f, -0.0f};
  const auto forward = pool_one(rows, 2, {0, 1}, Pooling::kMax);
  CHECK((std::signbit(forward[0]) && !std::signbit(forward[1])));
  const auto backward = pool_one(rows, 2, {1, 0}, Pooling::kMax);
  CHECK((!std::signbit(backward[0]) && std::signbit(backward[1])));
}

TEST_CASE("pool: the sum of a single -0 is +0", "[lookup]") {
  CHECK(!std::signbit(pool_one({-0.0f}, 1, {0}, Pooling::kSum)[0]));
}
