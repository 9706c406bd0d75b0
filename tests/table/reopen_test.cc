#include <windrow/windrow.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "support/catch.h"
#include "support/table_values.h"
#include "support/temporary_folder.h"

using namespace windrow;

namespace {

void make(const std::string& path, float value, int64_t rows = 100) {
  TableSpec spec{.rows = rows, .format = RowFormat::f32(4)};
  spec.init = {Init::Kind::kConstant, value};
  REQUIRE(Table::create(path, spec));
}

std::vector<float> rows_of(const Table& table) { return all_values(table); }

std::vector<float> all(float value, size_t rows = 100) { return std::vector<float>(rows * 4, value); }

}  // namespace

TEST_CASE("reopen: who has the old file keeps it", "[table]") {
  const TemporaryFolder folder;
  const auto path = folder / "served";
  make(path, 1);
  make(folder / "next", 2);
  auto opened = Table::open(path, {.residency = Residency::kWarm});
  REQUIRE(opened);
  Table table = *opened;
  const Table copy = table;
  CHECK(*table.reopen() == false);
  REQUIRE(publish(folder / "next", path));
  CHECK(rows_of(table) == all(1));
  CHECK(*table.reopen() == true);
  CHECK(rows_of(table) == all(2));
  CHECK(rows_of(copy) == all(1));
  CHECK(*table.reopen() == false);
  CHECK(table.residency().residency == Residency::kWarm);
}

TEST_CASE("reopen: a file that was cut off, or is gone, is told, and the table stays", "[table]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  make(path, 1, 10'000);
  auto table = Table::open(path);
  REQUIRE(table);
  std::filesystem::resize_file(path, 50'000);
  const auto cut = table->reopen();
  REQUIRE(!cut);
  CHECK(cut.error().code == ErrorCode::kIo);
  CHECK(cut.error().message.find("cut off at 50000 bytes") != std::string::npos);
  CHECK(table->rows() == 10'000);
  std::filesystem::remove(path);
  CHECK(table->reopen().error().code == ErrorCode::kNotFound);
  std::ofstream(path) << "no table";
  CHECK(table->reopen().error().code == ErrorCode::kFormat);
  std::filesystem::remove(path);
  make(path, 3);
  CHECK(*table->reopen() == true);
  CHECK(rows_of(*table) == all(3));
}

TEST_CASE("reopen: a symbolic link that leads elsewhere by now is followed", "[table]") {
  const TemporaryFolder folder;
  make(folder / "v1", 1);
  make(folder / "v2", 2);
  std::filesystem::create_symlink("v1", folder / "current");
  auto table = Table::open(folder / "current");
  REQUIRE(table);
  std::filesystem::create_symlink("v2", folder / "next");
  std::filesystem::rename(folder / "next", folder / "current");
  std::filesystem::remove(folder / "v1");
  CHECK(*table->reopen() == true);
  CHECK(rows_of(*table) == all(2));
  CHECK(*table->reopen() == false);
}

TEST_CASE("reopen: any of several files may be replaced", "[table]") {
  const TemporaryFolder folder;
  const std::vector<std::string> paths = {folder / "a", folder / "b"};
  make(paths[0], 1);
  make(paths[1], 2);
  make(folder / "next", 3);
  auto table = Table::open(paths);
  REQUIRE(table);
  CHECK(*table->reopen() == false);
  REQUIRE(publish(folder / "next", paths[1]));
  CHECK(*table->reopen() == true);
  auto expected = all(1);
  const auto second = all(3);
  expected.insert(expected.end(), second.begin(), second.end());
  CHECK(rows_of(*table) == expected);
}

TEST_CASE("reopen: what is in memory, or belongs to a trainer, is never replaced", "[table]") {
  const TemporaryFolder folder;
  const std::vector<float> values(40, 1.0f);
  auto wrapped = Table::wrap(values.data(), 10, RowFormat::f32(4));
  REQUIRE(wrapped);
  CHECK(*wrapped->reopen() == false);
  make(folder / "t", 1);
  auto trainer = Trainer::open(folder / "t", Sgd{});
  REQUIRE(trainer);
  Table table = trainer->table();
  std::filesystem::remove(folder / "t");
  CHECK(*table.reopen() == false);
}

TEST_CASE("scrub: a flipped bit anywhere is an error at open, with its rows", "[table]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  make(path, 1, 20'000);
  REQUIRE(Table::open(path, {.scrub = true}));
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(12'288 + 16 * 5000 + 3).put('\x55').flush();
  CHECK(Table::open(path));
  const auto damaged = Table::open(path, {.scrub = true});
  REQUIRE(!damaged);
  CHECK(damaged.error().code == ErrorCode::kFormat);
  CHECK(damaged.error().message.find("\"weight\" (rows 4096 to 8191)") != std::string::npos);
  // As a copy that was cut off in a file of the right length.
  const auto bytes = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, bytes / 2);
  std::filesystem::resize_file(path, bytes);
  CHECK(Table::open(path, {.scrub = true}).error().message.find("have no checksum") != std::string::npos);
}

TEST_CASE("scrub: not of a table that is trained, and of foreign files nothing", "[table]") {
  const TemporaryFolder folder;
  make(folder / "t", 1);
  auto trainer = Trainer::open(folder / "t", Sgd{});
  REQUIRE(trainer);
  const std::vector<int64_t> ids = {1};
  const std::vector<float> grads(4, 1.0f);
  REQUIRE(trainer->step(std::span<const int64_t>(ids), RowsIn(grads, 4)));
  CHECK(Table::open(folder / "t", {.scrub = true, .unclean = Unclean::kLive}).error().code == ErrorCode::kUnclean);
  std::ofstream foreign(folder / "foreign", std::ios::binary);
  const std::string header = R"({"weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}})";
  foreign << static_cast<char>(header.size()) << std::string(7, '\0') << header << std::string(8, '\0') << std::flush;
  CHECK(Table::open(folder / "foreign", {.scrub = true}));
}
