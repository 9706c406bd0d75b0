#include <atomic>
#include <filesystem>
#include <map>

#include "support/operator_new.h"
#include "train/train_fixture.h"
#include "train/trainer_state.h"

// Fails one allocation of this program, in whatever thread it is.

namespace {

std::atomic<int64_t> left_to_failure = -1;  // below 0: none fails
std::atomic<bool> armed = false;

}  // namespace

void before_allocation() {
  if (armed && left_to_failure >= 0 && left_to_failure-- == 0) throw std::bad_alloc();
}

using namespace windrow;

namespace {

constexpr int64_t kRows = 50, kDim = 4;
const Optimizer kOptimizer = Adagrad{.lr = 0.1};

// Allocations fail in what the library does, not in what the test does.
auto with_failures(const auto& call) {
  armed = true;
  auto result = call();
  armed = false;
  return result;
}

struct State {
  std::vector<uint8_t> bytes;
  int64_t step_count;
  bool operator==(const State&) const = default;
};

State state_of(Trainer& trainer) {
  const TrainerState& inner = trainer.internals();
  State state{std::vector<uint8_t>(static_cast<size_t>(kRows) * inner.images.bytes()), inner.step_count};
  for (int64_t r = 0; r < kRows; ++r)
    inner.images.read(inner.mapping.data, r, state.bytes.data() + static_cast<size_t>(r) * inner.images.bytes());
  return state;
}

using States = std::map<std::string, State>;

void step(Trainer& trainer, uint32_t seed) {
  const std::vector<int64_t> ids = {seed % kRows, 3, (seed * 7) % kRows};
  const auto grads = random_values(ids.size() * kDim, seed);
  const State before = state_of(trainer);
  const auto ahead = with_failures([&] { return trainer.prepare(std::span<const int64_t>(ids)); });
  const auto taken = with_failures([&] { return trainer.step(std::span<const int64_t>(ids), RowsIn(grads, kDim)); });
  if (!taken) CHECK(state_of(trainer) == before);
}

void checkpoint(Trainer& trainer, const std::string& tag, bool in_background, States& states) {
  states[tag] = state_of(trainer);
  (void)with_failures([&] { return trainer.checkpoint(tag, {.in_background = in_background}); });
}

void run(const std::string& path, States& states) {
  auto opened = with_failures([&] { return Trainer::open(path, kOptimizer, {.durability = Durability::kProcess}); });
  if (!opened) return;
  Trainer trainer = std::move(*opened);
  states[trainer.last_checkpoint().tag] = state_of(trainer);
  step(trainer, 1);
  checkpoint(trainer, "one", false, states);
  step(trainer, 2);
  checkpoint(trainer, "two", true, states);
  step(trainer, 3);
  const auto back = with_failures([&] { return trainer.rollback(); });
  if (back) CHECK(state_of(trainer) == states[trainer.last_checkpoint().tag]);
  step(trainer, 4);
  checkpoint(trainer, "three", true, states);
  step(trainer, 5);
  states["closed"] = state_of(trainer);
  (void)with_failures([&] { return trainer.close("closed"); });
  // A trainer that is not closed may go on.
  step(trainer, 6);
}

}  // namespace

TEST_CASE("failing memory: whichever allocation fails, the table is at a checkpoint when it is opened again", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(folder / "new", kDim, random_values(kRows * kDim, 5), kOptimizer);
  bool passed = false;
  for (int64_t n = 0; !passed; ++n) {
    REQUIRE(n < 5000);
    CAPTURE(n);
    std::filesystem::copy_file(folder / "new", path, std::filesystem::copy_options::overwrite_existing);
    left_to_failure = n;
    States states;
    run(path, states);
    passed = left_to_failure >= 0;
    left_to_failure = -1;
    auto again = Trainer::open(path, kOptimizer, {.durability = Durability::kProcess});
    if (!again) FAIL(again.error().message);
    const std::string tag = again->last_checkpoint().tag;
    CAPTURE(tag);
    if (!states.contains(tag)) {
      CHECK(states.empty());
      continue;
    }
    CHECK(state_of(*again) == states[tag]);
    if (passed) CHECK(tag == "closed");
    REQUIRE(again->close("looked at"));
    CHECK(verify(path)->bad_blocks.empty());
  }
}
