#include <windrow/lookup.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <thread>
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
  const auto table = memory.wrap();
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

// `floats`: the same rows as floats.
void check_all_modes(const MemoryTable& table, const MemoryTable& floats, const BagCase& bags,
                     std::optional<int64_t> padding, int threads) {
  for (const Mode mode : kModes) {
    CAPTURE(name_of(table.format), static_cast<int>(mode.pooling), mode.weighted, threads, table.shift);
    CHECK(same_bits(pooled(table, view(bags, mode.weighted), mode.pooling, {threads, padding}),
                    reference_pool(floats, bags, mode.pooling, mode.weighted, padding)));
  }
}

void check_all_modes(const MemoryTable& table, const BagCase& bags, std::optional<int64_t> padding, int threads) {
  check_all_modes(table, table.format.kind == RowFormat::Kind::kF32 ? table : decoded(table), bags, padding, threads);
}

std::string error_of(const Result<LookupReport>& result) {
  REQUIRE(!result);
  return result.error().message;
}

}  // namespace

TEST_CASE("pool: every format and mode equals the reference on every target, at every dim and alignment", "[lookup]") {
  for (const int64_t dim : kDims) {
    for (const auto& packed : every_format(dim)) {
      for (const size_t shift : {1, 4}) {
        const auto format = shift == 4 ? packed.padded_to_lines() : packed;
        const auto table = random_table(40, format, static_cast<uint64_t>(dim), true, shift);
        const auto floats = decoded(table);
        const auto bags = random_bags(40, {1, 0, 2, 37, 0, 3, 300, 5}, static_cast<uint64_t>(dim) + shift);
        for (const auto target : every_target()) {
          const ScopedTarget scope(target);
          CAPTURE(hwy::TargetName(target));
          check_all_modes(table, floats, bags, shift == 4 ? std::optional<int64_t>(7) : std::nullopt, 1);
        }
      }
    }
  }
}

TEST_CASE("pool: a table beyond the cache, where rows are prefetched, gives the same", "[lookup]") {
  std::vector<int64_t> lengths(300, 32);
  lengths[7] = 0;
  lengths[100] = 5000;
  for (const auto& format : every_format(40)) {
    const auto table = random_table(int64_t{2'100'000} / static_cast<int64_t>(format.stride_bytes), format, 3, false);
    const auto floats = decoded(table);
    const auto bags = random_bags(table.rows, lengths, 4);
    for (const int threads : {1, 2, 8}) check_all_modes(table, floats, bags, std::nullopt, threads);
    check_all_modes(table, floats, bags, table.rows - 1, 3);
  }
}

TEST_CASE("pool: one huge bag is split by columns and gives the same bits", "[lookup]") {
  for (const int64_t dim : {1, 17, 64, 129}) {
    for (const auto& format : every_format(dim)) {
      const auto table = random_table(20'000, format, 5, false);
      const auto floats = decoded(table);
      for (const auto& lengths : {std::vector<int64_t>{10'000}, std::vector<int64_t>{3, 9'000, 0, 5, 5}}) {
        const auto bags = random_bags(table.rows, lengths, 6);
        for (const int threads : {2, 3, 8}) check_all_modes(table, floats, bags, std::nullopt, threads);
      }
    }
  }
}

TEST_CASE("pool: a hundred thousand ids, half of them in one bag, on any number of threads", "[lookup]") {
  std::vector<int64_t> lengths(3000, 17);
  lengths[1234] = 51'000;
  const auto table = random_table(40'000, RowFormat::f32(50), 7, false);
  const auto bags = random_bags(table.rows, lengths, 8);
  for (const int threads : {1, 2, 3, 8}) check_all_modes(table, bags, std::nullopt, threads);
}

TEST_CASE("pool: bad ids are skipped and counted when asked, as if they were padding", "[lookup]") {
  const auto table = random_table(20'000, RowFormat::f16(33), 9, false);
  auto bags = random_bags(table.rows, std::vector<int64_t>(400, 20), 10);
  int64_t bad = 0;
  for (size_t i = 0; i < bags.ids.size(); ++i) {
    if (i % 7 == 0) bags.ids[i] = i % 2 ? -1 - static_cast<int64_t>(i) : table.rows + static_cast<int64_t>(i) * 1'000'000'000;
    if (i % 7 == 0) ++bad;
  }
  BagCase clean = bags;
  for (int64_t& id : clean.ids) {
    if (id < 0 || id >= table.rows) id = -1;
  }
  const auto wrapped = table.wrap();
  for (const Mode mode : kModes) {
    for (const int threads : {1, 2}) {
      CAPTURE(static_cast<int>(mode.pooling), threads);
      std::vector<float> out(400 * 33);
      const auto report = pool(*wrapped, view(bags, mode.weighted), mode.pooling, RowsOut(out, 33),
                               {threads, std::nullopt, BadIds::kSkip});
      REQUIRE(report);
      CHECK(report->skipped_ids == bad);
      CHECK(same_bits(out, reference_pool(decoded(table), clean, mode.pooling, mode.weighted, -1)));
    }
  }
}

TEST_CASE("pool: outputs of 16 bits are the float result, rounded once", "[lookup]") {
  for (const auto type : {ValueType::kF16, ValueType::kBf16}) {
    for (const int64_t dim : {1, 50, 64, 2500}) {  // 2500: beyond what is computed at a time
      const auto table = random_table(300, RowFormat::bf16(dim), 11, false);
      const auto bags = random_bags(table.rows, {3, 0, 40, 1, 900}, 12);
      const auto floats = decoded(table);
      const auto wrapped = table.wrap();
      for (const Mode mode : kModes) {
        for (const int threads : {1, 2, 3}) {
          CAPTURE(dim, static_cast<int>(mode.pooling), mode.weighted, threads, static_cast<int>(type));
          const size_t stride = static_cast<size_t>(dim) + 1;
          std::vector<uint16_t> out(5 * stride, 0x1234);
          REQUIRE(pool(*wrapped, view(bags, mode.weighted), mode.pooling, RowsOut(out, stride, type), {threads}));
          const auto expected = reference_pool(floats, bags, mode.pooling, mode.weighted);
          bool equal = true;
          for (size_t b = 0; b < 5; ++b) {
            equal = equal && out[b * stride + stride - 1] == 0x1234;
            for (size_t c = 0; c + 1 < stride; ++c) {
              const float x = expected[b * (stride - 1) + c];
              equal = equal && out[b * stride + c] == (type == ValueType::kF16 ? reference_to_f16(x) : reference_to_bf16(x));
            }
          }
          CHECK(equal);
        }
      }
    }
  }
}

TEST_CASE("pool: permuting bags permutes outputs, and splitting a request changes nothing", "[lookup]") {
  const auto table = random_table(5'000, RowFormat::int8(24), 13, false);
  const auto bags = random_bags(table.rows, std::vector<int64_t>{5, 0, 80, 3, 700, 1}, 14);
  const auto whole = pooled(table, view(bags, true), Pooling::kSum, {});
  BagCase reversed;
  std::vector<float> parts, backwards;
  for (size_t b = bags.offsets.size() - 1; b-- > 0;) {
    for (auto i = static_cast<size_t>(bags.offsets[b]); i < static_cast<size_t>(bags.offsets[b + 1]); ++i) {
      reversed.ids.push_back(bags.ids[i]);
      reversed.weights.push_back(bags.weights[i]);
    }
    reversed.offsets.push_back(static_cast<int64_t>(reversed.ids.size()));
  }
  const auto mirrored = pooled(table, view(reversed, true), Pooling::kSum, {});
  for (size_t b = 0; b < 6; ++b) {
    backwards.insert(backwards.end(), mirrored.begin() + static_cast<ptrdiff_t>((5 - b) * 24),
                     mirrored.begin() + static_cast<ptrdiff_t>((6 - b) * 24));
    BagCase one;
    one.ids.assign(bags.ids.begin() + bags.offsets[b], bags.ids.begin() + bags.offsets[b + 1]);
    one.weights.assign(bags.weights.begin() + bags.offsets[b], bags.weights.begin() + bags.offsets[b + 1]);
    one.offsets.push_back(static_cast<int64_t>(one.ids.size()));
    const auto out = pooled(table, view(one, !one.ids.empty()), Pooling::kSum, {});
    parts.insert(parts.end(), out.begin(), out.end());
  }
  CHECK(same_bits(backwards, whole));
  CHECK(same_bits(parts, whole));
}

TEST_CASE("pool: a table of more than 2^31 rows, which only addresses", "[lookup]") {
  // A reserved range of which three pages exist.
  constexpr int64_t kRows = (int64_t{1} << 31) + 1000;
  const size_t bytes = static_cast<size_t>(kRows) * 4;
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  auto* rows = static_cast<float*>(memory);
  rows[0] = 1;
  rows[kRows - 1] = 2;
  rows[int64_t{1} << 31] = 4;
  const auto table = Table::wrap(memory, kRows, RowFormat::f32(1));
  const std::vector<int64_t> ids = {kRows - 1, 0, int64_t{1} << 31, kRows - 1}, lengths = {1, 3};
  Bags bags;
  bags.ids = std::span(ids);
  bags.lengths = std::span(lengths);
  std::vector<float> out(2);
  CHECK(pool(*table, bags, Pooling::kSum, RowsOut(out, 1)));
  CHECK(out == std::vector<float>{2, 7});
  ::munmap(memory, bytes);
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

TEST_CASE("pool: arrays that are announced without memory are refused", "[lookup]") {
  const auto memory = random_table(10, RowFormat::f32(3), 1);
  const auto table = memory.wrap();
  const std::vector<int64_t> ids = {1, 2}, offsets = {0, 2};
  std::vector<float> out(3);
  Bags bags;
  bags.ids = std::span(ids);
  bags.offsets.count = 2;
  for (const auto type : {IdType::kI32, IdType::kI64}) {
    bags.offsets.type = type;
    CHECK(error_of(pool(*table, bags, Pooling::kSum, RowsOut(out, 3))) ==
          "offsets: 2 are announced, but no memory is given");
  }
  bags.offsets = {};
  bags.lengths.count = 1;
  CHECK(error_of(pool(*table, bags, Pooling::kSum, RowsOut(out, 3))) ==
        "lengths: 1 are announced, but no memory is given");
  bags.lengths = {};
  bags.offsets = std::span(offsets);
  CHECK(!pool(*table, bags, static_cast<Pooling>(9), RowsOut(out, 3)));
  RowsOut strange(out, 3);
  strange.type = static_cast<ValueType>(7);
  CHECK(!pool(*table, bags, Pooling::kSum, strange));
  strange = RowsOut(out, 3);
  strange.row_stride = ~size_t{0};
  CHECK(!pool(*table, bags, Pooling::kSum, strange));
}

TEST_CASE("rows that end at the last byte of memory are read to there and no further", "[lookup]") {
  const size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  for (const int64_t dim : {1, 3, 18, 50, 64, 131}) {
    for (const auto& format : every_format(dim)) {
      const auto source = random_table(7, format, 1);
      const size_t bytes = source.bytes.size(), pages = (bytes + page - 1) / page;
      void* memory = ::mmap(nullptr, (pages + 1) * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      REQUIRE(memory != MAP_FAILED);
      auto* end = static_cast<uint8_t*>(memory) + pages * page;
      REQUIRE(::mprotect(end, page, PROT_NONE) == 0);  // a read behind the last row is a signal
      std::memcpy(end - bytes, source.bytes.data(), bytes);
      const auto table = Table::wrap(end - bytes, 7, format, source.scale_data());
      const auto bags = random_bags(7, {1, 40}, 2);
      std::vector<float> sums(2 * static_cast<size_t>(dim)), rows(41 * static_cast<size_t>(dim));
      for (const auto target : every_target()) {
        const ScopedTarget scope(target);
        CHECK(pool(*table, view(bags, false), Pooling::kSum, RowsOut(sums, static_cast<size_t>(dim))));
        CHECK(gather(*table, std::span(bags.ids), RowsOut(rows, static_cast<size_t>(dim))));
      }
      ::munmap(memory, (pages + 1) * page);
    }
  }
}

TEST_CASE("any number of threads may look up in one table at a time", "[lookup]") {
  const auto memory = random_table(20'000, RowFormat::int8(50), 3, false);
  const auto table = memory.wrap();
  const auto bags = random_bags(memory.rows, std::vector<int64_t>(200, 30), 4);
  const auto expected = reference_pool(decoded(memory), bags, Pooling::kSum, false);
  std::vector<int> wrong(8, 0);
  std::vector<std::thread> readers;
  for (size_t r = 0; r < wrong.size(); ++r) {
    readers.emplace_back([&, r] {
      std::vector<float> sums(200 * 50), rows(bags.ids.size() * 50);
      for (int round = 0; round < 10; ++round) {
        const LookupOptions options{r % 2 ? 1 : 3};
        if (!pool(*table, view(bags, false), Pooling::kSum, RowsOut(sums, 50), options)) ++wrong[r];
        if (!gather(*table, std::span(bags.ids), RowsOut(rows, 50), options)) ++wrong[r];
        if (!same_bits(sums, expected)) ++wrong[r];
      }
    });
  }
  for (auto& reader : readers) reader.join();
  CHECK(wrong == std::vector<int>(8, 0));
}
