#include <windrow/lookup.h>
#include <windrow/table.h>

#include <unistd.h>

#include <random>

#include "io/file.h"
#include "support/cases.h"
#include "support/catch.h"
#include "support/safetensors_file.h"
#include "table/page_in.h"

using namespace windrow;

namespace {

void evict(const std::string& path) {
  auto file = io::posix().open(path, io::Access::kRead);
  REQUIRE(file);
  REQUIRE((*file)->sync());
  (*file)->evict();
}

uint64_t resident(const Table& table) {
  return table.residency().resident_bytes;
}

// Reading goes on behind our back.
uint64_t resident_after(const Table& table, uint64_t wanted) {
  for (int tries = 0; tries < 2000 && resident(table) < wanted; ++tries) ::usleep(1000);
  return resident(table);
}

}  // namespace

TEST_CASE("prefetch: the pages of rows and of their scales are read, and few others", "[table]") {
  const TemporaryFolder folder;
  const uint64_t rows = 40'000, dim = 256;
  write_safetensors_file(folder / "f", {random_tensor("x", "F8_E4M3", {rows, dim}, 1),
                                        random_tensor("x_scale", "F32", {rows}, 2)});
  evict(folder / "f");
  const auto table = Table::open(folder / "f", {.residency = Residency::kLazy});
  REQUIRE(table);
  const uint64_t before = resident(*table);
  std::vector<int32_t> ids;
  std::mt19937_64 random(1);
  for (int i = 0; i < 100; ++i) ids.push_back(static_cast<int32_t>(random() % rows));
  REQUIRE(table->prefetch(std::span<const int32_t>(ids)));
  if (before < 100 * 4096) {  // a file system that let go of the pages
    CHECK(resident_after(*table, before + 100 * 4096) >= before + 100 * 4096);
    CHECK(resident(*table) < rows * dim / 2);
  }
  REQUIRE(table->prefetch(Ids()));
}

TEST_CASE("prefetch: ids that are no rows are an error, as in a lookup", "[table]") {
  const TemporaryFolder folder;
  write_safetensors_file(folder / "f", {f32_tensor("x", {2, 1}, {1, 2})});
  for (const auto residency : {Residency::kLazy, Residency::kAuto, Residency::kWarm}) {
    const auto table = Table::open(folder / "f", {.residency = residency});
    REQUIRE(table);
    for (const int64_t bad : {int64_t{-1}, int64_t{2}, int64_t{1} << 62}) {
      const std::vector<int64_t> ids = {0, 1, bad};
      const auto done = table->prefetch(std::span<const int64_t>(ids));
      REQUIRE(!done);
      CHECK(done.error().code == ErrorCode::kOutOfRange);
      CHECK(done.error().message.find("position 2") != std::string::npos);
    }
    Ids nothing;
    nothing.count = 3;
    CHECK(table->prefetch(nothing).error().code == ErrorCode::kInvalidArgument);
    CHECK(table->prefetch(std::span<const int64_t>(std::vector<int64_t>{1, 0, 1})));
  }
}

TEST_CASE("prefetch: memory of the caller needs none", "[table]") {
  const std::vector<float> values = {1, 2, 3};
  const auto table = Table::wrap(values.data(), 3, RowFormat::f32(1));
  REQUIRE(table);
  CHECK(table->prefetch(std::span<const int64_t>(std::vector<int64_t>{0, 2})));
}

TEST_CASE("page_in: any ids, any number of them, of any table", "[table]") {
  const TemporaryFolder folder;
  write_safetensors_file(folder / "a", {random_tensor("s0", "F8_E4M3", {1000, 100}, 1),
                                        random_tensor("s0_scale", "U8", {1000}, 2)});
  write_safetensors_file(
      folder / "b", {random_tensor("s1", "F8_E4M3", {10, 100}, 3), random_tensor("s1_scale", "U8", {10}, 4)});
  const std::vector<std::string> paths = {folder / "b", folder / "a"};
  for (const auto& path : paths) evict(path);
  const auto table = Table::open(paths, {.tensor = "s*", .residency = Residency::kLazy});
  if (!table) FAIL(table.error().message);
  const uint64_t before = resident(*table), mapped = table->residency().mapped_bytes;
  std::mt19937_64 random(7);
  std::vector<int64_t> ids = {-1, 1010, INT64_MIN, INT64_MAX, 0, 1009};
  while (ids.size() < 300'000) ids.push_back(static_cast<int64_t>(random() % 1200) - 100);
  const Ids all = std::span<const int64_t>(ids);
  page_in(table->internals(), all, 0, 0);
  page_in(table->internals(), all, 0, 4);  // none of them is a row
  if (before < mapped / 4) CHECK(resident(*table) < mapped / 2);
  page_in(table->internals(), all, 5, 300);
  page_in(table->internals(), all, 0, 2000);
  page_in(table->internals(), all, 0, all.count);
  // All rows were among them, and so nearly all pages. Where evicting does nothing, nothing is to be seen.
  if (before < mapped / 4) CHECK(resident_after(*table, mapped) == mapped);

  const auto empty = Table::wrap(nullptr, 0, RowFormat::f32(4));
  REQUIRE(empty);
  page_in(empty->internals(), all, 0, all.count);
}

TEST_CASE("page_in: lookups in a lazy table give what they give elsewhere", "[table]") {
  const TemporaryFolder folder;
  const uint64_t rows = 5000;
  write_safetensors_file(folder / "f", {random_tensor("x", "BF16", {rows, 33}, 1)});
  const auto lazy = Table::open(folder / "f", {.residency = Residency::kLazy}),
             warm = Table::open(folder / "f", {.residency = Residency::kWarm});
  REQUIRE((lazy && warm));
  std::mt19937_64 random(5);
  std::vector<int64_t> ids;
  for (int i = 0; i < 3000; ++i) ids.push_back(static_cast<int64_t>(random() % rows));
  std::vector<float> a(ids.size() * 33), b(a.size());
  REQUIRE(gather(*lazy, std::span<const int64_t>(ids), RowsOut(a, 33)));
  REQUIRE(gather(*warm, std::span<const int64_t>(ids), RowsOut(b, 33)));
  CHECK(same_bits(a, b));
}
