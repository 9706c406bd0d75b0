// Trains a table from a seeded stream of steps, to be killed at any time: kill_test.py does.
//
//   crash_trainer TABLE --seed S --steps N --checkpoint-every K --durability none|process|power [--die-at CALL]
//     trains on to step N, makes a checkpoint with the step's number as its tag after every K, and prints each
//     tag when it is on the disk. --die-at: kills itself before that call of the file system.
//   crash_trainer TABLE --hash
//     prints the tag of the table, and a hash of its rows and state
//   crash_trainer TABLE --seed S --oracle TAG
//     prints the hash that they must have at that tag, from the stream alone

#include <signal.h>
#include <unistd.h>
#include <windrow/maintenance.h>
#include <windrow/table_writer.h>
#include <windrow/trainer.h>
#include <xxhash.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "support/hooked_files.h"
#include "train/trainer_state.h"

using namespace windrow;

namespace {

constexpr int64_t kRows = 3000, kDim = 12;
constexpr size_t kIds = 64;
const Optimizer kOptimizer = Adagrad{.lr = 0.05};

template <class T>
T must(Result<T> result) {
  if (result) {
    if constexpr (!std::is_void_v<T>) return std::move(*result);
    if constexpr (std::is_void_v<T>) return;
  }
  std::fprintf(stderr, "crash_trainer: %s\n", result.error().message.c_str());
  std::exit(1);
}

void create(const std::string& path) {
  TableSpec spec;
  spec.rows = kRows;
  spec.format = RowFormat::f32(kDim);
  spec.seed = 7;
  spec.optimizer = kOptimizer;
  must(Table::create(path, spec));
}

// Step number `step` of the stream: hot rows and cold ones.
void take_step(Trainer& trainer, uint64_t seed, int64_t step) {
  std::mt19937_64 random(seed * 1'000'003 + static_cast<uint64_t>(step));
  std::vector<int64_t> ids(kIds);
  for (int64_t& id : ids) id = static_cast<int64_t>(random() % (random() % 4 ? 50 : kRows));
  std::vector<float> grads(kIds * kDim);
  for (float& value : grads) value = static_cast<float>(random() % 2001) / 1000 - 1;
  must(trainer.step(std::span<const int64_t>(ids), RowsIn(grads, kDim)));
}

uint64_t hash_of(Trainer& trainer) {
  const TrainerState& inner = trainer.internals();
  std::vector<uint8_t> bytes(static_cast<size_t>(kRows) * inner.images.bytes());
  for (int64_t r = 0; r < kRows; ++r)
    inner.images.read(inner.mapping.data, r, bytes.data() + static_cast<size_t>(r) * inner.images.bytes());
  return XXH3_64bits(bytes.data(), bytes.size());
}

uint64_t oracle(const std::string& path, uint64_t seed, int64_t steps) {
  const std::string own = path + ".oracle-" + std::to_string(::getpid());
  create(own);
  Trainer trainer = must(Trainer::open(own, kOptimizer));
  for (int64_t step = 0; step < steps; ++step) take_step(trainer, seed, step);
  const uint64_t hash = hash_of(trainer);
  std::filesystem::remove(own);
  return hash;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App command("A trainer to be killed");
  std::string path, durability = "process", tag;
  uint64_t seed = 1, die_at = 0;
  int64_t steps = 0, every = 10;
  bool hash = false;
  command.add_option("table", path)->required();
  command.add_option("--seed", seed);
  command.add_option("--steps", steps);
  command.add_option("--checkpoint-every", every);
  command.add_option("--durability", durability)->check(CLI::IsMember({"none", "process", "power"}));
  command.add_option("--die-at", die_at);
  command.add_option("--oracle", tag);
  command.add_flag("--hash", hash);
  CLI11_PARSE(command, argc, argv);
  if (!tag.empty()) {
    std::printf("%016llx\n", static_cast<unsigned long long>(oracle(path, seed, std::stoll(tag))));
    return 0;
  }
  if (!std::filesystem::exists(path)) create(path);
  uint64_t calls = 0;
  HookedFiles files(io::posix(), [&](const char*, const std::string&) {
    if (++calls == die_at) ::raise(SIGKILL);
    return std::nullopt;
  });
  TrainOptions options;
  if (durability == "process") options.durability = Durability::kProcess;
  if (durability == "power") options.durability = Durability::kPower;
  Trainer trainer(must(open_trainer(files, path, kOptimizer, options)));
  if (hash) {
    const std::string tag_now = trainer.last_checkpoint().tag;
    std::printf("%s %016llx\n", tag_now.c_str(), static_cast<unsigned long long>(hash_of(trainer)));
    return 0;
  }
  while (trainer.step_count() < steps) {
    take_step(trainer, seed, trainer.step_count());
    const int64_t done = trainer.step_count();
    if (done % every != 0) continue;
    // Every other one goes to the disk beside the steps that follow.
    const bool in_background = done / every % 2 == 0;
    must(trainer.checkpoint(std::to_string(done), {.in_background = in_background}));
    if (in_background) continue;
    std::printf("%lld\n", static_cast<long long>(done));
    std::fflush(stdout);
  }
  must(trainer.close(std::to_string(trainer.step_count())));
  std::printf("%lld\n", static_cast<long long>(steps));
  return 0;
}
