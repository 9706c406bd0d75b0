#include <windrow/lookup.h>

#include <string>
#include <vector>

#include "support/cases.h"
#include "support/catch.h"
#include "support/reference_lookup.h"
#include "support/targets.h"

using namespace windrow;

namespace {

constexpr float kGuard = 12345.0f;

Bags view(const BagCase& bags, bool weighted) {
  Bags result;
  result.ids = std::span(bags.ids);
  result.offsets = std::span(bags.offsets);
  if (weighted) result.weights = bags.weights;
  return result;
}

// Pools into a matrix that is wider and longer than needed, and checks that nothing around the result changed.
std::vector<float> pooled(const MemoryTable& memory, const Bags& bags, Pooling mode, LookupOptions options) {
  const auto table = Table::wrap(memory.data(), memory.rows, memory.format);
  REQUIRE(table);
  const auto dim = static_cast<size_t>(memory.format.dim), stride = dim + 3;
  const size_t count = bags.offsets.count - 1;
  std::vector<float> wide(count * stride + 1, kGuard);
  const auto done = pool(*table, bags, mode, RowsOut(std::span(wide).first(count * stride), stride), options);
  INFO((done ? "" : done.error().message));
  REQUIRE(done);
  std::vector<float> out;
  for (size_t b = 0; b < count; ++b) {
    for (size_t c = 0; c < stride; ++c) {
      if (c < dim) out.push_back(wide[b * stride + c]);
      else REQUIRE(wide[b * stride + c] == kGuard);
    }
  }
  REQUIRE(wide.back() == kGuard);
  return out;
}

struct Mode {
  Pooling pooling;
  bool weighted;
};
constexpr Mode kModes[] = {{Pooling::kSum, false}, {Pooling::kSum, true}, {Pooling::kMean, false},
                           {Pooling::kMean, true}, {Pooling::kMax, false}};

void check_all_modes(const MemoryTable& table, const BagCase& bags, std::optional<int64_t> padding, int threads) {
  for (const Mode mode : kModes) {
    CAPTURE(static_cast<int>(mode.pooling), mode.weighted, threads, table.format.dim, table.shift);
    CHECK(same_bits(pooled(table, view(bags, mode.weighted), mode.pooling, {threads, padding}),
                    reference_pool(table, bags, mode.pooling, mode.weighted, padding)));
  }
}

std::string error_of(const Result<void>& result) {
  REQUIRE(!result);
  return result.error().message;
}

}  // namespace

TEST_CASE("pool: every mode equals the reference on every target, at every dim and alignment", "[lookup]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const int64_t dim : kDims) {
        for (const size_t shift : {0, 1, 4}) {
          const auto format = shift == 4 ? RowFormat::f32(dim).padded_to_lines() : RowFormat::f32(dim);
          const auto table = random_table(40, format, static_cast<uint64_t>(dim), true, shift);
          const auto bags = random_bags(40, {1, 0, 2, 37, 0, 3, 600, 5}, static_cast<uint64_t>(dim) + shift);
          check_all_modes(table, bags, std::nullopt, 1);
          check_all_modes(table, bags, 7, 1);
        }
      }
    }
  }
}

TEST_CASE("pool: a table beyond the cache, where rows are prefetched, gives the same", "[lookup]") {
  const auto table = random_table(20'000, RowFormat::f32(40), 3, false);
  std::vector<int64_t> lengths(300, 32);
  lengths[7] = 0;
  lengths[100] = 5000;
  const auto bags = random_bags(table.rows, lengths, 4);
  for (const int threads : {1, 2, 3, 8}) {
    check_all_modes(table, bags, std::nullopt, threads);
    check_all_modes(table, bags, table.rows - 1, threads);
  }
}

TEST_CASE("pool: one huge bag is split by columns and gives the same bits", "[lookup]") {
  for (const int64_t dim : {1, 17, 64, 129}) {
    const auto table = random_table(20'000, RowFormat::f32(dim), 5, false);
    for (const auto& lengths : {std::vector<int64_t>{50'000}, std::vector<int64_t>{3, 40'000, 0, 5, 5}}) {
      const auto bags = random_bags(table.rows, lengths, 6);
      for (const int threads : {1, 2, 3, 8}) check_all_modes(table, bags, std::nullopt, threads);
    }
  }
}

TEST_CASE("pool: 32-bit ids, 32-bit offsets and lengths mean the same", "[lookup]") {
  const auto table = random_table(50, RowFormat::f32(9), 1);
  const auto bags = random_bags(50, std::vector<int64_t>(90, 2), 2);
  const std::vector<int32_t> ids(bags.ids.begin(), bags.ids.end()), offsets(bags.offsets.begin(), bags.offsets.end());
  const std::vector<int32_t> lengths(90, 2);
  const auto expected = reference_pool(table, bags, Pooling::kSum, false);
  Bags narrow;
  narrow.ids = std::span(ids);
  narrow.offsets = std::span(offsets);
  CHECK(same_bits(pooled(table, narrow, Pooling::kSum, {}), expected));

  Bags by_length = narrow;
  by_length.offsets = Ids();
  by_length.lengths = std::span(lengths);
  const auto wrapped = Table::wrap(table.data(), 50, table.format);
  std::vector<float> out(90 * 9);
  REQUIRE(pool(*wrapped, by_length, Pooling::kSum, RowsOut(out, 9)));
  CHECK(same_bits(out, expected));
}

TEST_CASE("pool: no bags and no ids are a legal request", "[lookup]") {
  const auto table = random_table(5, RowFormat::f32(2), 1);
  const auto wrapped = Table::wrap(table.data(), 5, table.format);
  CHECK(pool(*wrapped, Bags(), Pooling::kSum, RowsOut()));
}

TEST_CASE("pool: every wrong request is refused by name, and nothing is written", "[lookup]") {
  const auto memory = random_table(10, RowFormat::f32(3), 1);
  const auto table = Table::wrap(memory.data(), 10, memory.format);
  std::vector<int64_t> ids = {1, 2, 3, 4}, offsets = {0, 2, 4}, lengths;
  std::vector<float> weights, out(6, kGuard);
  size_t stride = 3;
  Pooling mode = Pooling::kSum;
  std::optional<int64_t> padding;
  ErrorCode code = ErrorCode::kInvalidArgument;
  const auto message = [&] {
    Bags bags;
    bags.ids = std::span<const int64_t>(ids);
    bags.offsets = std::span<const int64_t>(offsets);
    bags.lengths = std::span<const int64_t>(lengths);
    bags.weights = weights;
    const auto result = pool(*table, bags, mode, RowsOut(out, stride), {.padding_id = padding});
    const std::string text = error_of(result);
    CHECK(result.error().code == code);
    CHECK(out == std::vector<float>(out.size(), kGuard));
    return text;
  };
  const auto contains = [](const std::string& text, const std::string& part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  SECTION("an id beyond the rows") {
    ids[2] = 10;
    code = ErrorCode::kOutOfRange;
    contains(message(), "id 10 at position 2 (bag 1) is no row: the table has 10 rows");
  }
  SECTION("a negative id") {
    ids[3] = -1;
    code = ErrorCode::kOutOfRange;
    contains(message(), "id -1 at position 3 (bag 1)");
  }
  SECTION("a bad id beside a padding id") {
    padding = -1;
    ids[0] = -1;
    ids[1] = -2;
    code = ErrorCode::kOutOfRange;
    contains(message(), "id -2 at position 1 (bag 0)");
  }
  SECTION("offsets that do not start at 0") {
    offsets[0] = 1;
    contains(message(), "the first is 1");
  }
  SECTION("offsets that decrease") {
    offsets = {0, 3, 2, 4};
    out.assign(9, kGuard);
    contains(message(), "bag 1 would end at 2, before its start at 3");
  }
  SECTION("a last offset below the number of ids") {
    offsets[2] = 3;
    contains(message(), "the last is 3, but there are 4 ids");
  }
  SECTION("a last offset above the number of ids") {
    offsets[2] = 5;
    contains(message(), "the last is 5");
  }
  SECTION("negative lengths") {
    offsets.clear();
    lengths = {5, -1};
    contains(message(), "bag 0 has length 5, but 4 of 4 ids are left");
    lengths = {2, -2};
    contains(message(), "bag 1 has length -2");
  }
  SECTION("lengths that do not use all ids") {
    offsets.clear();
    lengths = {1, 2};
    contains(message(), "sum to 3");
  }
  SECTION("offsets and lengths together") {
    lengths = {2, 2};
    contains(message(), "not both");
  }
  SECTION("weights of another length") {
    weights = {1, 2, 3};
    contains(message(), "3 given for 4 ids");
  }
  SECTION("a maximum with weights") {
    weights = {1, 2, 3, 4};
    mode = Pooling::kMax;
    contains(message(), "max");
  }
  SECTION("an output with too few rows") {
    out.assign(3, kGuard);
    contains(message(), "holds 1 rows, and must hold 2");
  }
  SECTION("an output with too short rows") {
    stride = 2;
    out.assign(4, kGuard);
    contains(message(), "row stride of 2");
  }
}
