#include "bench_memory.h"

#include <windrow/lookup.h>
#include <windrow/table.h>

#include <cmath>
#include <vector>

#include "support/catch.h"

using namespace windrow;
using namespace windrow::tools;

TEST_CASE("bench memory: rows of every format, from any start, are ordinary numbers", "[tools]") {
  using Kind = RowFormat::Kind;
  auto memory = BenchMemory::reserve(1 << 20, PageSize::k4KiB);
  REQUIRE(memory);
  const auto bytes = memory->first(1 << 18);
  REQUIRE(bytes);
  std::vector<RowFormat> formats;
  for (const Kind kind : {Kind::kF32, Kind::kF16, Kind::kBf16, Kind::kFp8E4m3, Kind::kFp8E5m2, Kind::kInt8,
                          Kind::kInt4, Kind::kInt2, Kind::kI8}) {
    for (const int64_t dim : {1, 50, 64}) formats.push_back(RowFormat::of(kind, dim));
  }
  formats.push_back(RowFormat::fp8_e4m3(33).scaled(RowFormat::ScaleType::kF32, 33));
  formats.push_back(RowFormat::fp8_e5m2(33).scaled(RowFormat::ScaleType::kUe8m0, 8));
  formats.push_back(RowFormat::of(Kind::kI8, 33).scaled(RowFormat::ScaleType::kBf16, 5));
  for (const RowFormat& format : formats) {
    for (const size_t start : {0, 1, 2, 3}) {
      CAPTURE(row_format_name(format.kind), format.dim, start);
      const auto table = Table::wrap(*bytes + start, 500, format);
      REQUIRE(table);
      std::vector<int64_t> ids;
      for (int64_t id = 0; id < table->rows(); ++id) ids.push_back(id);
      const auto dim = static_cast<size_t>(format.dim);
      std::vector<float> values(ids.size() * dim);
      REQUIRE(gather(*table, std::span<const int64_t>(ids), RowsOut(values, dim)));
      size_t odd = 0;
      for (const float value : values) odd += std::isnormal(value) || value == 0 ? 0 : 1;
      CHECK(odd == 0);
    }
  }
}

TEST_CASE("bench memory: it grows, what it held stays, and it has an end", "[tools]") {
  auto memory = BenchMemory::reserve(8 << 20, PageSize::k2MiB);
  REQUIRE(memory);
  const auto first = memory->first(1000);
  REQUIRE(first);
  const std::vector<uint8_t> before(*first, *first + 1000);
  const auto more = memory->first(8 << 20);
  REQUIRE(more);
  CHECK(*more == *first);
  CHECK(std::vector<uint8_t>(*more, *more + 1000) == before);
  CHECK(std::vector<uint8_t>(*more + (4 << 20), *more + (4 << 20) + 1000) != before);
  CHECK(!memory->first((8 << 20) + 1));

  BenchMemory moved = std::move(*memory);
  CHECK(*moved.first(10) == *first);

  auto huge = BenchMemory::reserve(size_t{1} << 42, PageSize::k4KiB);
  if (huge) {  // where the system gives so many addresses
    const auto refused = huge->first(size_t{1} << 42);
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::kNoMemory);
  }
}
