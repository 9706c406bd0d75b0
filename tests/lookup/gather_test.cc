#include <windrow/lookup.h>

#include <cstring>
#include <string>
#include <vector>

#include "support/cases.h"
#include "support/catch.h"
#include "support/targets.h"

using namespace windrow;

namespace {

constexpr float kGuard = 12345.0f;

bool same_memory(const void* a, const void* b, size_t bytes) { return std::memcmp(a, b, bytes) == 0; }

// Gathers into rows that are wider than needed and compares every bit, around the result too.
void check_gather(const MemoryTable& memory, const std::vector<int64_t>& ids, int threads) {
  const auto table = Table::wrap(memory.data(), memory.rows, memory.format);
  REQUIRE(table);
  const auto dim = static_cast<size_t>(memory.format.dim), stride = dim + 2;
  std::vector<float> out(ids.size() * stride + 1, kGuard);
  REQUIRE(gather(*table, std::span(ids), RowsOut(std::span(out).first(ids.size() * stride), stride), {threads, {}}));
  bool equal = out.back() == kGuard;
  for (size_t i = 0; i < ids.size(); ++i) {
    const float* row = &out[i * stride];
    equal = equal && same_memory(row, memory.data() + static_cast<size_t>(ids[i]) * memory.format.stride_bytes,
                                 memory.format.row_bytes());
    equal = equal && row[dim] == kGuard && row[dim + 1] == kGuard;
  }
  CAPTURE(dim, memory.shift, threads);
  CHECK(equal);
}

}  // namespace

TEST_CASE("gather: bits are copied on every target, at every dim and alignment", "[lookup]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const int64_t dim : kDims) {
        for (const size_t shift : {0, 1, 4}) {
          const auto format = shift == 4 ? RowFormat::f32(dim).padded_to_lines() : RowFormat::f32(dim);
          auto table = random_table(30, format, 1, true, shift);
          const uint32_t payload = 0x7fa00001;  // a signalling NaN survives, as do negative zeros
          std::memcpy(table.row(29), &payload, sizeof(payload));
          check_gather(table, random_bags(30, {70}, 2).ids, 1);
        }
      }
    }
  }
}

TEST_CASE("gather: any number of threads gives the same", "[lookup]") {
  const auto table = random_table(30'000, RowFormat::f32(50), 1);
  const auto ids = random_bags(table.rows, {20'001}, 2).ids;
  for (const int threads : {1, 2, 3, 8}) check_gather(table, ids, threads);
}

TEST_CASE("gather: a padding id that is a row gives its row, another gives zeros", "[lookup]") {
  const std::vector<float> values = {1, 2, 3, 4};
  const auto table = Table::wrap(values.data(), 2, RowFormat::f32(2));
  std::vector<float> out(6, kGuard);
  const std::vector<int64_t> ids = {1, 0, 1};
  REQUIRE(gather(*table, std::span(ids), RowsOut(out, 2), {.padding_id = 1}));
  CHECK(out == std::vector<float>{3, 4, 1, 2, 3, 4});
  const std::vector<int32_t> padded = {-1, 0, -1};
  REQUIRE(gather(*table, std::span(padded), RowsOut(out, 2), {.padding_id = -1}));
  CHECK(out == std::vector<float>{0, 0, 1, 2, 0, 0});
}

TEST_CASE("gather: a bad id is refused with its position, and nothing is written", "[lookup]") {
  const std::vector<float> values = {1, 2, 3, 4};
  const auto table = Table::wrap(values.data(), 2, RowFormat::f32(2));
  std::vector<float> out(6, kGuard);
  const std::vector<int64_t> ids = {1, 0, 2};
  const auto result = gather(*table, std::span(ids), RowsOut(out, 2));
  REQUIRE(!result);
  CHECK(result.error().code == ErrorCode::kOutOfRange);
  CHECK(result.error().message == "id 2 at position 2 is no row: the table has 2 rows, 0 to 1");
  CHECK(out == std::vector<float>(6, kGuard));

  const auto short_out = gather(*table, std::span(ids), RowsOut(std::span(out).first(4), 2));
  REQUIRE(!short_out);
  CHECK(short_out.error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("gather: an empty request and a table without rows are legal", "[lookup]") {
  const auto table = Table::wrap(nullptr, 0, RowFormat::f32(2));
  REQUIRE(table);
  CHECK(gather(*table, Ids(), RowsOut()));
  const std::vector<int64_t> ids = {0};
  std::vector<float> out(2);
  const auto result = gather(*table, std::span(ids), RowsOut(out, 2));
  REQUIRE(!result);
  CHECK(result.error().code == ErrorCode::kOutOfRange);
}
