#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "format/test_data.h"  // written by Meson: where tests/data is
#include "train/train_fixture.h"
#include "train/trainer_state.h"

// Files that released versions have written, and that later ones must read: tests/golden has a folder for each version,
// to which nothing is added later and from which nothing goes. make() writes those of the present one, once:
//   WINDROW_MAKE_GOLDEN=tests/golden/VERSION build/tests/train_test "[make-golden]"
// Their names say what is in them.

using namespace windrow;
namespace fs = std::filesystem;

namespace {

constexpr size_t kDim = 3;
constexpr int64_t kRows = 20;
const Optimizer kOptimizer = Adagrad{.lr = 0.5};

fs::path golden_folder() { return fs::path(WINDROW_TEST_DATA).parent_path() / "golden"; }

// Halves and quarters: the same in every format.
std::vector<float> values() {
  std::vector<float> list;
  for (size_t i = 0; i < kRows * kDim; ++i) list.push_back(static_cast<float>(i % 16) / 4 - 2);
  return list;
}

void step(Trainer& trainer, int64_t row) {
  const std::vector<int64_t> ids = {row, row + 1};
  const std::vector<float> grads(2 * kDim, 1.0f);
  REQUIRE(trainer.step(std::span<const int64_t>(ids), RowsIn(grads, kDim)));
}

// The rows of the trained tables at the tag "one" and behind it.
std::vector<float> rows_at_one() {
  auto rows = values();
  for (size_t i = 4 * kDim; i < 6 * kDim; ++i) rows[i] -= 0.5f;  // 0.5 * 1 / sqrt(1)
  return rows;
}

void make(const fs::path& folder) {
  fs::create_directories(folder);
  std::vector<std::string> names;
  std::vector<std::string_view> tokens;
  for (int64_t r = 0; r < kRows; ++r) names.push_back(r == 3 ? "with \xff space" : "token" + std::to_string(r));
  tokens.assign(names.begin(), names.end());
  {
    auto writer = TableWriter::create(folder / "f32-tokens", {.format = RowFormat::f32(kDim)});
    REQUIRE((writer && writer->append(RowsIn(values(), kDim), tokens) && writer->finish()));
  }
  make_table(folder / "int8", RowFormat::int8(kDim), values(), {});
  make_table(folder / "e4m3-scales", RowFormat::fp8_e4m3(kDim).scaled(RowFormat::ScaleType::kF32, kDim), values(), {});
  const std::string path = folder / "died-at-power";
  make_table(path, kDim, values(), kOptimizer);
  fs::copy_file(path, folder / "before-delta");
  {
    auto state = open_trainer(io::posix(), path, kOptimizer, {.durability = Durability::kPower});
    REQUIRE(state);
    Trainer trainer(std::move(*state));
    trainer.internals().journal_sizes = {8192, 4096};
    step(trainer, 4);
    REQUIRE(trainer.checkpoint("one", {.delta_path = folder / "to-one.delta", .delta = {.state = true}}));
    step(trainer, 5);
    step(trainer, 11);
  }
}

}  // namespace

TEST_CASE("make golden files of this version", "[.][make-golden]") {
  const char* const folder = std::getenv("WINDROW_MAKE_GOLDEN");
  REQUIRE(folder);
  make(folder);
}

TEST_CASE("golden files: tables of every released version are read", "[train]") {
  int versions = 0;
  for (const auto& version : fs::directory_iterator(golden_folder())) {
    if (!version.is_directory()) continue;
    ++versions;
    CAPTURE(version.path().filename().string());
    const auto open = [&](const char* name) {
      auto table = Table::open(version.path() / name, {.scrub = true});
      REQUIRE(table);
      return std::move(*table);
    };
    const Table table = open("f32-tokens");
    CHECK(rows_of(table) == values());
    CHECK(table.vocabulary().size() == kRows);
    CHECK(table.vocabulary().find("with \xff space") == 3);
    CHECK(table.vocabulary().token(19) == "token19");
    // FORMAT.md, "What a format costs", of rows between -2 and 2.
    for (const auto& [name, tolerance] : {std::pair("int8", 0.01f), std::pair("e4m3-scales", 0.125f)}) {
      const auto rows = rows_of(open(name));
      REQUIRE(rows.size() == values().size());
      for (size_t i = 0; i < rows.size(); ++i) CHECK(std::abs(rows[i] - values()[i]) <= tolerance);
    }
  }
  CHECK(versions > 0);
}

TEST_CASE("golden files: a table that a trainer of any released version died with is put right", "[train]") {
  for (const auto& version : fs::directory_iterator(golden_folder())) {
    if (!version.is_directory()) continue;
    CAPTURE(version.path().filename().string());
    const TemporaryFolder folder;
    for (const char* name : {"died-at-power", "died-at-power-undo0", "died-at-power-undo1"})
      fs::copy_file(version.path() / name, folder / name);
    const auto report = recover(folder / "died-at-power");
    REQUIRE(report);
    CHECK(report->rows_restored > 0);
    const auto table = Table::open(folder / "died-at-power", {.scrub = true});
    REQUIRE(table);
    CHECK(rows_of(*table) == rows_at_one());
    const Trainer trainer = opened(folder / "died-at-power", kOptimizer);
    CHECK((trainer.last_checkpoint().tag == "one" && trainer.step_count() == 1));
  }
}

TEST_CASE("golden files: deltas of every released version are applied", "[train]") {
  for (const auto& version : fs::directory_iterator(golden_folder())) {
    if (!version.is_directory()) continue;
    CAPTURE(version.path().filename().string());
    const TemporaryFolder folder;
    fs::copy_file(version.path() / "before-delta", folder / "t");
    const auto applied = apply_delta(folder / "t", version.path() / "to-one.delta");
    REQUIRE(applied);
    CHECK((applied->rows == 2 && applied->checkpoint.tag == "one" && applied->checkpoint.step_count == 1));
    CHECK(rows_of(*Table::open(folder / "t", {.scrub = true})) == rows_at_one());
  }
}
