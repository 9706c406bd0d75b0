#include <windrow/table_writer.h>

#include <numeric>

#include "support/catch.h"
#include "support/hooked_files.h"
#include "support/simulated_files.h"
#include "train/train_fixture.h"
#include "train/trainer_state.h"

using namespace windrow;

namespace {

constexpr const char* kPath = "folder/t.safetensors";
constexpr int64_t kRows = 30, kDim = 3;
const Optimizer kOptimizer = Adagrad{.lr = 0.1};

std::vector<uint8_t> make_file() {
  const TemporaryFolder folder;
  make_table(folder / "t", kDim, random_values(kRows * kDim, 5), kOptimizer);
  return read_all(folder / "t");
}

// Fails call number `at`, or that and all behind it.
struct Fault {
  uint64_t at = 0;
  bool for_ever = false;
  ErrorCode code = ErrorCode::kIo;
};

std::vector<uint8_t> rows_of(Trainer& trainer) {
  TrainerState& inner = trainer.internals();
  std::vector<uint8_t> bytes(static_cast<size_t>(kRows) * inner.images.bytes());
  for (int64_t r = 0; r < kRows; ++r)
    inner.images.read(inner.mapping.data, r, bytes.data() + static_cast<size_t>(r) * inner.images.bytes());
  return bytes;
}

// What the table was at each tag.
using States = std::map<std::string, std::vector<uint8_t>>;

bool step(Trainer& trainer, uint32_t seed) {
  const std::vector<int64_t> ids = {seed % kRows, 3, (seed * 7) % kRows};
  const auto grads = random_values(ids.size() * kDim, seed);
  const auto before = rows_of(trainer);
  const auto taken = trainer.step(std::span<const int64_t>(ids), RowsIn(grads, kDim));
  if (!taken) {
    CHECK(!taken.error().message.empty());
    CHECK(rows_of(trainer) == before);
  }
  return taken.has_value();
}

// True: all of it went well. What fails is tried once more, as a program would that knows no better.
bool run(io::FileSystem& system, Durability durability, States& states) {
  auto state = open_trainer(system, kPath, kOptimizer, {.durability = durability});
  if (!state) return false;
  Trainer trainer(std::move(*state));
  trainer.internals().journal_sizes = {8192, 4096};
  states[trainer.last_checkpoint().tag] = rows_of(trainer);
  bool good = true;
  for (uint32_t i = 0; i < 2; ++i) {
    good = step(trainer, 3 * i) && good;
    good = step(trainer, 3 * i + 1) && good;
    states["checkpoint " + std::to_string(i)] = rows_of(trainer);
    good = trainer.checkpoint("checkpoint " + std::to_string(i)).has_value() && good;
    good = step(trainer, 3 * i + 2) && good;
    if (durability != Durability::kNone) good = trainer.rollback().has_value() && good;
  }
  good = step(trainer, 10) && good;
  states["closed"] = rows_of(trainer);
  return trainer.close("closed").has_value() && good;
}

}  // namespace

TEST_CASE("failing calls: rows that were kept ahead in vain are not changed", "[train]") {
  SimulatedFiles files(1);
  files.put(kPath, make_file());
  bool failing = false;
  HookedFiles faulty(files, [&](const char* call, const std::string& path) -> std::optional<Error> {
    if (!failing || std::string(call) != "sync" || path.find("-undo") == std::string::npos) return std::nullopt;
    failing = false;
    return Error{ErrorCode::kIo, "the sync of a journal fails"};
  });
  auto state = open_trainer(faulty, kPath, kOptimizer, {.durability = Durability::kPower});
  REQUIRE(state);
  Trainer trainer(std::move(*state));
  REQUIRE(step(trainer, 1));
  const auto before = rows_of(trainer);
  const std::vector<int64_t> ids = {20, 21};
  failing = true;
  REQUIRE(trainer.prepare(std::span<const int64_t>(ids)));
  const auto taken = trainer.step(std::span<const int64_t>(ids), RowsIn(random_values(2 * kDim, 1), kDim));
  REQUIRE(!taken);
  CHECK(taken.error().code == ErrorCode::kPoisoned);
  CHECK(rows_of(trainer) == before);
  CHECK(trainer.prepare(std::span<const int64_t>(ids)).error().code == ErrorCode::kPoisoned);
}

// Where a checkpoint in the background failed, and where rows could not be kept ahead, the trainer goes no further.
TEST_CASE("failing calls: what failed beside the trainer is found by whatever comes next", "[train]") {
  using Call = Result<void> (*)(Trainer&);
  const std::pair<Call, const char*> calls[] = {
      {[](Trainer& trainer) { return trainer.checkpoint("next"); }, "checkpoint"},
      {[](Trainer& trainer) { return trainer.rollback(); }, "rollback"},
      {[](Trainer& trainer) { return trainer.close(); }, "close"},
      {[](Trainer& trainer) { return trainer.end_checkpoint(); }, "end_checkpoint"},
      {[](Trainer& trainer) {
         const std::vector<int64_t> ids = {7};
         return trainer.prepare(std::span<const int64_t>(ids));
       }, "prepare"}};
  const auto file = make_file();
  for (const bool in_checkpoint : {true, false}) {
    for (const auto& [call, name] : calls) {
      if (!in_checkpoint && name == std::string("end_checkpoint")) continue;  // which has none to end
      CAPTURE(in_checkpoint, name);
      SimulatedFiles files(1);
      files.put(kPath, file);
      bool failing = false;
      HookedFiles faulty(files, [&](const char* what, const std::string& path) -> std::optional<Error> {
        const bool of_journal = path.find("-undo") != std::string::npos;
        if (!failing || what != std::string("sync") || of_journal == in_checkpoint) return std::nullopt;
        return Error{ErrorCode::kIo, "a sync fails"};
      });
      auto state = open_trainer(faulty, kPath, kOptimizer, {.durability = Durability::kPower});
      REQUIRE(state);
      Trainer trainer(std::move(*state));
      REQUIRE(step(trainer, 1));
      REQUIRE(trainer.checkpoint("good"));
      REQUIRE(step(trainer, 2));
      failing = true;
      const std::vector<int64_t> ids = {20, 21};
      if (in_checkpoint)
        REQUIRE(trainer.checkpoint("bad", {.in_background = true}));
      else
        REQUIRE(trainer.prepare(std::span<const int64_t>(ids)));
      const std::future<Result<void>>& beside =
          in_checkpoint ? trainer.internals().ending : trainer.internals().preparing;
      beside.wait();
      const auto next = call(trainer);
      REQUIRE(!next);
      CHECK(next.error().code == (in_checkpoint ? ErrorCode::kIo : ErrorCode::kPoisoned));
      CHECK(call(trainer).error().code == ErrorCode::kPoisoned);
      CHECK(trainer.last_checkpoint().tag == "good");
    }
  }
}

TEST_CASE("failing calls: a delta that gets no name in the background keeps the trainer from nothing", "[train]") {
  const auto file = make_file();
  for (const std::string next : {"end_checkpoint", "checkpoint", "close"}) {
    CAPTURE(next);
    SimulatedFiles files(1);
    files.put(kPath, file);
    HookedFiles faulty(files, [&](const char* call, const std::string&) -> std::optional<Error> {
      if (call != std::string("rename")) return std::nullopt;
      return Error{ErrorCode::kIo, "no names today"};
    });
    auto state = open_trainer(faulty, kPath, kOptimizer, {.durability = Durability::kPower});
    REQUIRE(state);
    Trainer trainer(std::move(*state));
    REQUIRE(step(trainer, 1));
    REQUIRE(trainer.checkpoint("A", {.in_background = true, .delta_path = "folder/delta"}));
    trainer.internals().ending.wait();
    REQUIRE(step(trainer, 2));
    REQUIRE(trainer.rollback());
    CHECK(trainer.last_checkpoint().tag == "A");
    const auto told = next == "checkpoint" ? trainer.checkpoint("B")
                      : next == "close"    ? trainer.close("B")
                                           : trainer.end_checkpoint();
    REQUIRE(!told);
    CHECK(told.error().message.starts_with("the checkpoint 'A' was made, but its delta was not: "));
    if (next == "close") {
      CHECK(trainer.checkpoint().error().code == ErrorCode::kPoisoned);
    } else {
      CHECK(trainer.last_checkpoint().tag == "A");
      REQUIRE(trainer.checkpoint("B"));
    }
    auto again = open_trainer(files, kPath, kOptimizer, {});
    if (next == "close") CHECK((*again)->committed.tag == "B");
  }
}

TEST_CASE("failing calls: whichever fails, the table is at a checkpoint when it is opened again", "[train]") {
  const auto file = make_file();
  for (const Durability durability : {Durability::kProcess, Durability::kPower, Durability::kNone}) {
    for (const bool for_ever : {false, true}) {
      for (const ErrorCode code : {ErrorCode::kIo, ErrorCode::kNoSpace}) {
        bool passed = false;
        for (uint64_t at = 1; !passed; ++at) {
          REQUIRE(at < 1000);
          CAPTURE(at, for_ever, static_cast<int>(code), static_cast<int>(durability));
          SimulatedFiles files(at);
          files.put(kPath, file);
          uint64_t calls = 0;
          HookedFiles faulty(files, [&](const char* call, const std::string& path) -> std::optional<Error> {
            ++calls;
            if (calls < at || (calls > at && !for_ever)) return std::nullopt;
            return Error{code, path + ": " + call + " fails"};
          });
          States states;
          passed = run(faulty, durability, states) && calls < at;
          auto again = open_trainer(files, kPath, kOptimizer, {.durability = durability});
          if (!again && durability == Durability::kNone) {
            CHECK(again.error().code == ErrorCode::kUnclean);
            continue;
          }
          if (!again) FAIL(again.error().message);
          Trainer trainer(std::move(*again));
          const std::string tag = trainer.last_checkpoint().tag;
          CAPTURE(tag);
          if (states.empty()) continue;  // it could not even be opened
          REQUIRE(states.contains(tag));
          CHECK(rows_of(trainer) == states[tag]);
          if (passed) CHECK(tag == "closed");
        }
      }
    }
  }
}
