#include <filesystem>

#include "support/hooked_files.h"
#include "support/simulated_files.h"
#include "train/apply_delta.h"
#include "train/forge.h"
#include "train/trainer_state.h"
#include "train/undo.h"

// What happens between two calls of a trainer that opens a table.

using namespace windrow;

namespace {

constexpr const char* kPath = "folder/t.safetensors";
constexpr int64_t kRows = 30, kDim = 3;
const Optimizer kOptimizer = Adagrad{.lr = 0.1};

std::vector<uint8_t> make_file(uint32_t seed, const std::function<void(MetaSlot&)>& change = {}) {
  const TemporaryFolder folder;
  make_table(folder / "t", kDim, random_values(kRows * kDim, seed), kOptimizer);
  if (change) change_slot(folder / "t", change);
  return read_all(folder / "t");
}

// Opens a trainer, and puts a file there before the first calls of a kind: `times` times, from the second on if
// `again`.
Result<std::unique_ptr<TrainerState>> open_while(const char* call, const std::vector<uint8_t>& file, int times,
                                                 bool again = false) {
  SimulatedFiles files(1);
  files.put(kPath, make_file(1));
  int calls = 0;
  HookedFiles hooked(files, [&](const char* what, const std::string& path) -> std::optional<Error> {
    if (what != std::string(call) || path != kPath) return std::nullopt;
    const int number = calls++ - (again ? 1 : 0);
    if (number >= 0 && number < times) files.put(kPath, file);
    return std::nullopt;
  });
  return open_trainer(hooked, kPath, kOptimizer, {});
}

class SystemWithoutBoots final : public SimulatedFiles {
 public:
  using SimulatedFiles::SimulatedFiles;
  std::array<uint8_t, 16> boot_id() const override { return {}; }
};

}  // namespace

TEST_CASE("opening: a table that is replaced before it is locked is opened again", "[train]") {
  const auto opened = open_while("lock", make_file(2), 1);
  REQUIRE(opened);
  float first;
  std::memcpy(&first, (*opened)->weights.base, sizeof first);
  CHECK(first == random_values(1, 2)[0]);
}

TEST_CASE("opening: a table that is replaced again and again is not opened", "[train]") {
  CHECK(open_while("lock", make_file(2), 1000).error().code == ErrorCode::kBusy);
  CHECK(open_while("open", make_file(2), 1, true).error().code == ErrorCode::kBusy);
}

// A mapping that is read behind its end ends the process.
TEST_CASE("opening: a table that becomes shorter before it is mapped is not opened", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  make_table(path, kDim, random_values(kRows * kDim, 1), kOptimizer);
  HookedFiles hooked(io::posix(), [&](const char* what, const std::string&) -> std::optional<Error> {
    if (what == std::string("map")) std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
    return std::nullopt;
  });
  const auto opened = open_trainer(hooked, path, kOptimizer, {});
  REQUIRE(!opened);
  CHECK(opened.error().code == ErrorCode::kIo);
}

TEST_CASE("opening: a table that becomes shorter before it is mapped takes no delta", "[train][delta]") {
  for (const char* target : {"", "copy"}) {
    const TemporaryFolder folder;
    const auto path = folder / "t", delta = folder / "delta";
    make_table(path, kDim, random_values(kRows * kDim, 1), kOptimizer);
    make_table(folder / "new", kDim, random_values(kRows * kDim, 2), kOptimizer);
    REQUIRE(write_delta(path, folder / "new", delta, {.state = true}));
    HookedFiles hooked(io::posix(), [&](const char* what, const std::string& of) -> std::optional<Error> {
      if (what == std::string("map") && of == path)
        std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
      return std::nullopt;
    });
    ApplyOptions options;
    if (*target) options.target = folder / target;
    const auto applied = apply_delta(hooked, path, delta, options);
    REQUIRE(!applied);
    CHECK(applied.error().code == ErrorCode::kIo);
    CHECK(folder.entries() == 3);
  }
}

// Its journals would be those of the table that has the name now.
TEST_CASE("opening: a table that loses its name while it is put right removes no journals", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  make_table(path, kDim, random_values(kRows * kDim, 1), kOptimizer);
  const std::vector<int64_t> ids = {1};
  {
    Trainer trainer = opened(path, kOptimizer, {.durability = Durability::kProcess});
    REQUIRE(trainer.step(std::span<const int64_t>(ids), RowsIn(random_values(kDim, 1), kDim)));
  }
  HookedFiles hooked(io::posix(), [&](const char* what, const std::string& of) -> std::optional<Error> {
    if (what == std::string("write slot") && of == path) {
      std::filesystem::rename(path, folder / "moved");
      make_table(path, kDim, random_values(kRows * kDim, 2), kOptimizer);
    }
    return std::nullopt;
  });
  REQUIRE(open_clean(hooked, path));
  CHECK(std::filesystem::exists(journal_path(path, 0)));
  CHECK(std::filesystem::exists(journal_path(path, 1)));
}

TEST_CASE("opening: what another writer has done before the table was locked counts", "[train]") {
  SimulatedFiles files(1);
  files.put(kPath, make_file(1));
  HookedFiles hooked(files, [&](const char* what, const std::string&) -> std::optional<Error> {
    if (what != std::string("lock")) return std::nullopt;
    auto table = open_table_file(files, kPath, io::Access::kWrite, "weight");
    MetaSlot slot = *table->slot;
    ++slot.generation;
    slot.writer_features = 1;
    CHECK(write_slot(*table, slot));
    return std::nullopt;
  });
  CHECK(open_trainer(hooked, kPath, kOptimizer, {}).error().code == ErrorCode::kVersion);
}

TEST_CASE("opening: a system that does not tell its boots apart may have been started anew", "[train]") {
  for (const Durability durability : {Durability::kProcess, Durability::kPower}) {
    SystemWithoutBoots files(1);
    files.put(kPath, make_file(1));
    {
      auto state = open_trainer(files, kPath, kOptimizer, {.durability = durability});
      REQUIRE(state);
      Trainer trainer(std::move(*state));
      const std::vector<int64_t> ids = {1};
      REQUIRE(trainer.step(std::span<const int64_t>(ids), RowsIn(random_values(kDim, 1), kDim)));
    }
    const auto again = open_trainer(files, kPath, kOptimizer, {});
    if (durability == Durability::kPower)
      CHECK(again);
    else
      CHECK(again.error().code == ErrorCode::kUnclean);
  }
}
