#include <windrow/delta.h>

#include <map>

#include "delta/delta_file.h"
#include "support/hooked_files.h"
#include "support/simulated_files.h"
#include "train/apply_delta.h"
#include "train/train_fixture.h"
#include "train/trainer_state.h"

// What a crash, a failing call or damage in the life of a delta leaves behind. In memory: there are many of each.

using namespace windrow;

namespace {

constexpr const char* kPath = "folder/t.safetensors";
constexpr const char* kDelta = "folder/delta";
constexpr int64_t kRows = 40, kDim = 3;
const Optimizer kOptimizer = Adagrad{.lr = 0.1};

void step(Trainer& trainer, uint32_t seed) {
  const std::vector<int64_t> ids = {seed, seed + 7, 39};
  (void)trainer.step(std::span<const int64_t>(ids), RowsIn(random_values(ids.size() * kDim, seed), kDim));
}

// A table, a delta from it, and what it is to become.
struct Files {
  std::vector<uint8_t> table, delta, target;
};

Files make_files() {
  const TemporaryFolder folder;
  make_table(folder / "t", kDim, random_values(kRows * kDim, 5), kOptimizer);
  Files files;
  files.table = read_all(folder / "t");
  Trainer trainer = opened(folder / "t", kOptimizer, {.durability = Durability::kProcess});
  step(trainer, 1);
  step(trainer, 2);
  REQUIRE(trainer.checkpoint("after", {.delta_path = folder / "delta", .delta = {.state = true}}));
  REQUIRE(trainer.close("after"));
  files.delta = read_all(folder / "delta");
  files.target = read_all(folder / "t");
  return files;
}

// Tag, rows and state as the next writer finds them.
std::pair<std::string, std::vector<uint8_t>> state_of(io::FileSystem& system) {
  auto state = open_trainer(system, kPath, kOptimizer, {});
  if (!state) FAIL(state.error().message);
  std::vector<uint8_t> bytes(static_cast<size_t>(kRows) * (*state)->images.bytes());
  for (int64_t r = 0; r < kRows; ++r) {
    (*state)->images.read((*state)->mapping.data, r,
                          bytes.data() + static_cast<size_t>(r) * (*state)->images.bytes());
  }
  return {(*state)->committed.tag, bytes};
}

std::vector<uint8_t> rows_of_file(const std::vector<uint8_t>& bytes) {
  SimulatedFiles files(1);
  files.put(kPath, bytes);
  return state_of(files).second;
}

}  // namespace

TEST_CASE("delta: whenever applying it is cut off, the table is as before or as after", "[train][delta]") {
  const Files made = make_files();
  const auto before = rows_of_file(made.table), after = rows_of_file(made.target);
  REQUIRE(before != after);
  std::map<std::string, int> found;
  for (const End end : {End::kProcess, End::kPower}) {
    for (uint64_t seed = 1; seed <= 40; ++seed) {
      bool passed = false;
      for (uint64_t call = 1; !passed; ++call) {
        CAPTURE(seed, call, end == End::kPower);
        SimulatedFiles files(seed * 1000 + call);
        files.put(kPath, made.table);
        files.put(kDelta, made.delta);
        // A trainer may have been killed before, in the middle of a tag.
        files.end_at(1 + seed % 3, End::kProcess);
        if (auto state = open_trainer(files, kPath, kOptimizer, {})) (void)Trainer(std::move(*state)).checkpoint("");
        if (files.has_ended()) files.start_again();
        files.end_at(call, end);
        const auto applied = apply_delta(files, kPath, kDelta, {});
        passed = !files.has_ended();
        if (passed) REQUIRE(applied);
        if (!passed) files.start_again();
        // The way back may be cut off as well.
        files.end_at(1 + seed % 9, end);
        (void)open_trainer(files, kPath, kOptimizer, {});
        if (files.has_ended()) files.start_again();
        files.end_at(uint64_t{1} << 40, end);
        const auto [tag, rows] = state_of(files);
        ++found[tag];
        if (rows != (tag == "after" ? after : before)) FAIL("neither before nor after");
        if (passed) CHECK(tag == "after");
        const auto again = apply_delta(files, kPath, kDelta, {});
        REQUIRE(again);
        CHECK(again->was_applied == (tag == "after"));
        if (state_of(files).second != after) FAIL("applied again, it is not as after");
      }
    }
  }
  CHECK((found[""] > 100 && found["after"] > 100));
}

TEST_CASE("delta: whichever call fails, the table is as before or as after", "[train][delta]") {
  const Files made = make_files();
  const auto before = rows_of_file(made.table), after = rows_of_file(made.target);
  using Failing = HookedFiles::Failing;
  // How many calls later all begin to fail; never, where it is 0. Long enough to putting rows back.
  for (uint64_t later = 0; later < 45; ++later) {
    for (const Failing failing : {Failing::kNotDone, Failing::kDone}) {
      const ErrorCode code = later == 1 ? ErrorCode::kNoSpace : ErrorCode::kIo;
      bool passed = false;
      for (uint64_t at = 1; !passed; ++at) {
        CAPTURE(later, at);
        SimulatedFiles files(at);
        files.put(kPath, made.table);
        files.put(kDelta, made.delta);
        uint64_t calls = 0;
        HookedFiles faulty(files, [&](const char*, const std::string&) -> std::optional<Error> {
          ++calls;
          if (calls != at && (later == 0 || calls < at + later)) return std::nullopt;
          return Error{code, "this call fails"};
        }, failing);
        const auto applied = apply_delta(faulty, kPath, kDelta, {});
        passed = calls < at;
        if (passed) REQUIRE(applied);
        if (!applied) CHECK(!applied.error().message.empty());
        const auto [tag, rows] = state_of(files);
        if (rows != (tag == "after" ? after : before)) FAIL("neither before nor after");
        if (applied) CHECK(tag == "after");
        REQUIRE(apply_delta(files, kPath, kDelta, {}));
        if (state_of(files).second != after) FAIL("applied again, it is not as after");
      }
    }
  }
}

TEST_CASE("delta: damaged anywhere, it is refused or does what it did", "[train][delta]") {
  const Files made = make_files();
  const auto after = rows_of_file(made.target);
  size_t refused = 0;
  for (size_t at = 0; at < made.delta.size(); at += made.delta[at] == 0 || made.delta[at] == ' ' ? 7 : 1) {
    auto delta = made.delta;
    delta[at] = static_cast<uint8_t>(delta[at] ^ (1 << at % 8));
    SimulatedFiles files(at);
    files.put(kPath, made.table);
    files.put(kDelta, delta);
    if (apply_delta(files, kPath, kDelta, {})) {
      if (state_of(files).second != after) FAIL("byte " << at << ": another table");
    } else {
      ++refused;
      if (files.get(kPath) != made.table) FAIL("byte " << at << ": refused, and the table has changed");
    }
  }
  CHECK(refused > 1000);
}

TEST_CASE("delta: one that is there leads to a checkpoint that is there", "[train][delta]") {
  const Files made = make_files();
  int there = 0, missing = 0;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    bool passed = false;
    for (uint64_t call = 1; !passed; ++call) {
      CAPTURE(seed, call);
      SimulatedFiles files(seed * 1000 + call);
      files.put(kPath, made.table);
      {
        auto state = open_trainer(files, kPath, kOptimizer, {.durability = Durability::kPower});
        REQUIRE(state);
        Trainer trainer(std::move(*state));
        trainer.internals().journal_sizes = {8192, 4096};
        step(trainer, 1);
        files.end_at(call, End::kPower);
        (void)trainer.checkpoint("one", {.delta_path = kDelta, .delta = {.state = true}});
        step(trainer, 2);
        passed = !files.has_ended();
        if (passed) files.end_at(1, End::kPower);
        (void)files.sync_folder_of(kPath);
      }
      files.start_again();
      const auto delta = DeltaFile::open(files, kDelta);
      const std::string tag = state_of(files).first;
      if (!delta) {
        ++missing;
        CHECK(delta.error().code == ErrorCode::kNotFound);
        CHECK(!passed);
        continue;
      }
      ++there;
      CHECK(delta->verify());
      CHECK(tag == "one");
    }
  }
  CHECK((there > 20 && missing > 20));
}
