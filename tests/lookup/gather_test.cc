#include <windrow/lookup.h>

#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "support/cases.h"
#include "support/catch.h"
#include "support/targets.h"

using namespace windrow;

namespace {

constexpr float kGuard = 12345.0f;

bool same_memory(const void* a, const void* b, size_t bytes) { return std::memcmp(a, b, bytes) == 0; }

bool is_nan(uint16_t bits, ValueType type) {
  return (bits & 0x7fff) > (type == ValueType::kF16 ? 0x7c00 : 0x7f80);
}

// Gathers into rows that are wider than needed and compares every bit, around the result too.
void check_gather(const MemoryTable& memory, const std::vector<int64_t>& ids, int threads) {
  const auto table = memory.wrap();
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

TEST_CASE("gather: every format is decoded as the reference has it, on every target", "[lookup]") {
  for (const int64_t dim : kDims) {
    for (const auto& packed : every_format(dim)) {
      for (const size_t shift : {1, 4}) {
        const auto memory = random_table(30, shift == 4 ? packed.padded_to_lines() : packed, 1, true, shift);
        const auto floats = decoded(memory);
        const auto ids = random_bags(30, {70}, 2).ids;
        const auto table = memory.wrap();
        std::vector<float> expected;
        for (const int64_t id : ids) {
          for (size_t c = 0; c < static_cast<size_t>(dim); ++c) expected.push_back(floats.at(id, c));
        }
        for (const auto target : every_target()) {
          const ScopedTarget scope(target);
          std::vector<float> out(expected.size());
          REQUIRE(gather(*table, std::span(ids), RowsOut(out, static_cast<size_t>(dim))));
          CAPTURE(hwy::TargetName(target), name_of(memory.format), shift);
          CHECK(same_bits(out, expected));
        }
      }
    }
  }
}

TEST_CASE("gather: outputs of 16 bits are rounded, or copied where rows are stored so", "[lookup]") {
  for (const auto type : {ValueType::kF16, ValueType::kBf16}) {
    for (const int64_t dim : {1, 33, 64, 2500}) {
      for (const auto& format : every_format(dim)) {
        const auto memory = random_table(20, format, 3, true);
        const auto ids = random_bags(20, {40}, 4).ids;
        const auto table = memory.wrap();
        const size_t stride = static_cast<size_t>(dim) + 1;
        std::vector<uint16_t> out(ids.size() * stride, 0x1234);
        REQUIRE(gather(*table, std::span(ids), RowsOut(out, stride, type)));
        const bool copied = format.kind == (type == ValueType::kF16 ? RowFormat::Kind::kF16 : RowFormat::Kind::kBf16);
        bool equal = true;
        for (size_t i = 0; i < ids.size(); ++i) {
          equal = equal && out[i * stride + stride - 1] == 0x1234;
          for (size_t c = 0; c + 1 < stride; ++c) {
            const float x = memory.at(ids[i], c);
            const uint16_t expected = copied ? reference_load<uint16_t>(memory.row(ids[i]) + 2 * c)
                                      : type == ValueType::kF16 ? reference_to_f16(x)
                                                                : reference_to_bf16(x);
            // Which NaN a sum of an infinity and its opposite is, is not promised.
            equal = equal && (out[i * stride + c] == expected || (!copied && std::isnan(x) && is_nan(out[i * stride + c], type)));
          }
        }
        CAPTURE(name_of(format), static_cast<int>(type));
        CHECK(equal);
      }
    }
  }
}

TEST_CASE("gather: a large output past the caches is the same, and so is one beside line boundaries", "[lookup]") {
  constexpr size_t kIds = 70'000, kMostFloats = kIds * 80;
  std::vector<float> room(kMostFloats + 64);
  auto* aligned = reinterpret_cast<float*>((reinterpret_cast<uintptr_t>(room.data()) + 63) / 64 * 64);
  for (const size_t dim : {64, 68, 63}) {  // whole lines; whole vectors of 16 bytes; neither
    const auto memory = random_table(3'000, RowFormat::f32(static_cast<int64_t>(dim)), 5);
    const auto ids = random_bags(memory.rows, {kIds}, 6).ids;
    const auto table = memory.wrap();
    for (const size_t stride : {dim, size_t{80}}) {
      for (const auto& [offset, threads] :
           {std::pair(0, 1), std::pair(0, 2), std::pair(4, 1), std::pair(4, 3), std::pair(1, 2)}) {
        std::fill(room.begin(), room.end(), kGuard);
        const std::span<float> out(aligned + offset, kIds * stride);
        REQUIRE(gather(*table, std::span(ids), RowsOut(out, stride), {threads}));
        bool equal = true, untouched = (offset == 0 || out.data()[-1] == kGuard) && out.data()[kIds * stride] == kGuard;
        for (size_t i = 0; i < ids.size(); ++i) {
          equal = equal && same_memory(&out[i * stride], memory.row(ids[i]), dim * sizeof(float));
          for (size_t c = dim; c < stride; ++c) untouched = untouched && out[i * stride + c] == kGuard;
        }
        CAPTURE(dim, stride, offset, threads);
        CHECK(equal);
        CHECK(untouched);
      }
    }
  }
}

TEST_CASE("gather: skipped ids give zeros and are counted", "[lookup]") {
  for (const auto& format : every_format(5)) {
    const auto memory = random_table(3, format, 7);
    const auto table = memory.wrap();
    const std::vector<int64_t> ids = {2, -1, 3, 0};
    std::vector<float> out(20, kGuard), expected(20);
    const auto report = gather(*table, std::span(ids), RowsOut(out, 5), {.bad_ids = BadIds::kSkip});
    REQUIRE(report);
    CHECK(report->skipped_ids == 2);
    for (size_t c = 0; c < 5; ++c) expected[c] = memory.at(2, c), expected[15 + c] = memory.at(0, c);
    CAPTURE(name_of(format));
    CHECK(same_bits(out, expected));
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
