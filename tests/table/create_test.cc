#include <windrow/table.h>

#include <cstring>
#include <vector>

#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace windrow;

namespace {

std::vector<float> row_values(const Table& table, int64_t id) {
  std::vector<float> values(static_cast<size_t>(table.dim()));
  std::memcpy(values.data(), table.row(id), values.size() * sizeof(float));
  return values;
}

}  // namespace

TEST_CASE("create: the table is there, with its shape and its first values", "[table]") {
  const TemporaryFolder folder;
  const auto table = Table::create(folder / "t.safetensors", {.rows = 1000, .format = RowFormat::f32(50), .seed = 42});
  REQUIRE(table);
  CHECK(table->rows() == 1000);
  CHECK(table->dim() == 50);
  CHECK(table->vocabulary().size() == 0);
  uint32_t bits;
  std::memcpy(&bits, table->row(999) + 49 * sizeof(float), sizeof(bits));
  CHECK(bits == 0xbd547a6b);
  CHECK(folder.entries() == 1);
}

TEST_CASE("create: the same seed gives the same rows, another seed others", "[table]") {
  const TemporaryFolder folder;
  TableSpec spec{.rows = 5000, .format = RowFormat::f32(33), .init = {Init::Kind::kNormal, 1}, .seed = 5};
  const auto first = Table::create(folder / "a", spec), second = Table::create(folder / "b", spec);
  spec.seed = 6;
  const auto third = Table::create(folder / "c", spec);
  REQUIRE((first && second && third));
  const size_t bytes = 5000 * 33 * sizeof(float);
  CHECK(std::memcmp(first->data(), second->data(), bytes) == 0);
  CHECK(std::memcmp(first->data(), third->data(), bytes) != 0);
}

TEST_CASE("create: every tensor starts on a page, and padded rows hold zeros behind their values", "[table]") {
  const TemporaryFolder folder;
  const auto table = Table::create(folder / "t", {.rows = 10,
                                                  .format = RowFormat::f32(5).padded_to_lines(),
                                                  .init = {Init::Kind::kConstant, 3},
                                                  .optimizer = Adagrad{.initial_accumulator = 0.5}});
  REQUIRE(table);
  CHECK(table->dim() == 5);
  CHECK(table->format().stride_bytes == 64);
  CHECK(reinterpret_cast<uintptr_t>(table->data()) % 4096 == 0);
  CHECK(row_values(*table, 9) == std::vector<float>(5, 3));
  for (size_t b = 20; b < 64; ++b) CHECK(table->row(9)[b] == std::byte{0});

  const auto state = Table::open(folder / "t", {.tensor = "optimizer.sum"});
  REQUIRE(state);
  CHECK((state->rows() == 10 && state->dim() == 5));
  CHECK(row_values(*state, 9) == std::vector<float>(5, 0.5f));
}

TEST_CASE("create: a table without rows can be made and opened", "[table]") {
  const TemporaryFolder folder;
  const auto table = Table::create(folder / "t", {.rows = 0, .format = RowFormat::f32(4), .optimizer = Adagrad{}});
  REQUIRE(table);
  CHECK(table->rows() == 0);
}

TEST_CASE("create: requests that make no sense leave nothing behind", "[table]") {
  const TemporaryFolder folder;
  TableSpec spec{.rows = 10, .format = RowFormat::f32(4)};
  const std::vector<std::string_view> tokens = {"one"};
  SECTION("negative rows") { spec.rows = -1; }
  SECTION("more rows than a file can hold") { spec.rows = int64_t{1} << 60; }
  SECTION("no columns") { spec.format = RowFormat::f32(0); }
  SECTION("a stride below the row") { spec.format.stride_bytes = 12; }
  SECTION("tokens for some rows only") { spec.tokens = tokens; }
  SECTION("an optimiser that would divide 0 by 0") { spec.optimizer = Adagrad{.eps = 0}; }
  SECTION("a negative learning rate") { spec.optimizer = Sgd{.lr = -1}; }
  SECTION("a negative deviation") { spec.init = {Init::Kind::kNormal, -1}; }
  const auto table = Table::create(folder / "t", spec);
  REQUIRE(!table);
  CHECK(table.error().code == ErrorCode::kInvalidArgument);
  CHECK(folder.entries() == 0);
}

TEST_CASE("create: a target that cannot be written is an error that names it", "[table]") {
  const TemporaryFolder folder;
  write_text(folder / "file", "not a folder");
  const auto table = Table::create(folder / "file/t", {.rows = 1, .format = RowFormat::f32(1)});
  REQUIRE(!table);
  CHECK(table.error().message.find("file/t") != std::string::npos);
}

TEST_CASE("create: initial values are rounded to the row format", "[table]") {
  const TemporaryFolder folder;
  const auto table = Table::create(
      folder / "t", {.rows = 3, .format = RowFormat::bf16(2), .init = {Init::Kind::kConstant, 1.00390625f}});
  REQUIRE(table);
  CHECK(table->format() == RowFormat::bf16(2));
  for (int64_t r = 0; r < 3; ++r) {
    uint16_t codes[2];
    std::memcpy(codes, table->row(r), sizeof(codes));
    CHECK((codes[0] == 0x3f80 && codes[1] == 0x3f80));
  }
  const auto refused = Table::create(
      folder / "u", {.rows = 3, .format = RowFormat::int4(2), .init = {Init::Kind::kConstant, -1e6f}});
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::kInvalidArgument);
}
