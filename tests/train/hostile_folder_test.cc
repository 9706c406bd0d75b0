#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "train/train_fixture.h"

// What SECURITY.md promises of links that somebody has planted beside a table, and of permissions.

using namespace windrow;
namespace fs = std::filesystem;

namespace {

constexpr size_t kDim = 3;
const Optimizer kSgd = Sgd{.lr = 1};

std::string text_of(const std::string& path) {
  const auto bytes = read_all(path);
  return {bytes.begin(), bytes.end()};
}

void train(const std::string& path, const TrainOptions& options) {
  Trainer trainer = opened(path, kSgd, options);
  const std::vector<int64_t> ids = {1, 2};
  REQUIRE(trainer.step(std::span<const int64_t>(ids), RowsIn(random_values(2 * kDim, 1), kDim)));
  REQUIRE(trainer.close());
}

fs::perms permissions_of(const std::string& path) { return fs::status(path).permissions(); }

}  // namespace

TEST_CASE("hostile folder: links at the names of journals and counters are not followed", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t", victim = folder / "victim";
  make_table(path, kDim, random_values(30, 1), kSgd);
  std::ofstream(victim) << "precious";
  for (const char* end : {"-undo0", "-undo1", "-seq"}) fs::create_symlink(victim, path + end);
  train(path, {.durability = Durability::kPower, .whole_rows = true});
  CHECK(text_of(victim) == "precious");
  CHECK(!fs::is_symlink(path + "-seq"));
  // Nor without them: a link in the place of counters counts as none.
  fs::remove(path + "-seq");
  fs::create_symlink(victim, path + "-seq");
  train(path, {.durability = Durability::kProcess});
  CHECK(Table::open(path, {.whole_rows = true}).error().code == ErrorCode::kUnsupported);
  CHECK(text_of(victim) == "precious");
}

TEST_CASE("hostile folder: a link to the counters of another copy is none", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t", copy = folder / "copy";
  make_table(path, kDim, random_values(30, 1), kSgd);
  train(path, {.whole_rows = true});
  fs::copy_file(path, copy);
  fs::create_symlink(path + "-seq", copy + "-seq");
  CHECK(Table::open(copy, {.whole_rows = true}).error().code == ErrorCode::kUnsupported);
  const auto before = text_of(path + "-seq");
  train(copy, {.whole_rows = true});
  CHECK(text_of(path + "-seq") == before);
  CHECK(!fs::is_symlink(copy + "-seq"));
}

TEST_CASE("hostile folder: a table behind a link is trained, and its journals lie beside it", "[train]") {
  const TemporaryFolder folder;
  fs::create_directory(folder / "far");
  make_table(folder / "far/t", kDim, random_values(30, 1), kSgd);
  fs::create_symlink(folder / "far/t", folder / "link");
  {
    Trainer trainer = opened(folder / "link", kSgd, {.durability = Durability::kProcess});
    const std::vector<int64_t> ids = {1};
    REQUIRE(trainer.step(std::span<const int64_t>(ids), RowsIn(random_values(kDim, 1), kDim)));
    CHECK(fs::exists(folder / "far/t-undo0"));
    CHECK(!fs::exists(folder / "link-undo0"));
  }
  REQUIRE(recover(folder / "link"));
  REQUIRE(strip(folder / "link", folder / "link"));
  CHECK(fs::is_symlink(folder / "link"));
}

TEST_CASE("hostile folder: what holds rows of a private table is private", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  make_table(path, kDim, random_values(30, 1), kSgd);
  fs::permissions(path, fs::perms(0600));
  REQUIRE(publish(path, folder / "published"));
  REQUIRE(strip(path, folder / "stripped"));
  Trainer trainer = opened(path, kSgd, {.durability = Durability::kProcess, .whole_rows = true});
  const std::vector<int64_t> ids = {1};
  REQUIRE(trainer.step(std::span<const int64_t>(ids), RowsIn(random_values(kDim, 1), kDim)));
  REQUIRE(trainer.checkpoint("x", {.delta_path = folder / "delta"}));
  for (const char* name : {"published", "stripped", "delta", "t-undo0", "t-undo1", "t-seq"}) {
    CAPTURE(name);
    CHECK(permissions_of(folder / name) == fs::perms(0600));
  }
}

TEST_CASE("hostile folder: a new table heeds the umask, a replaced one keeps its permissions", "[train]") {
  const TemporaryFolder folder;
  const mode_t before = ::umask(0);
  ::umask(before);
  make_table(folder / "t", kDim, random_values(30, 1), kSgd);
  CHECK(permissions_of(folder / "t") == fs::perms(0666 & ~before));
  fs::permissions(folder / "t", fs::perms(0640));
  make_table(folder / "t", kDim, random_values(30, 2), kSgd);
  CHECK(permissions_of(folder / "t") == fs::perms(0640));
}
