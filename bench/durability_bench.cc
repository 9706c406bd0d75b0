// What it costs that a table outlives its trainer: steps at each durability, with checkpoints between.
//
//   durability/<level>/rows:R/dim:D/ids:N/<ids>/steps:S/threads:T
//
// A level is `none`, `process`, `power`, or the latter two with `-prepared`: before each step the ids of the next one are
// given to prepare(). Here the steps follow one another at once; with a model between them, prepare() hides more.
//
// An iteration is an epoch: S steps (which are timed), then a checkpoint (which is not). items are ids. Counters: `ns/id`
// of the steps; `kept/id`, rows that went into the journal, per id; `syncs/step`; `checkpoint_ms`, a checkpoint at the end
// of an epoch; `begin_ms`, how long a checkpoint in the background keeps the trainer. Levels that are to be compared stand
// next to each other; compare them as ratios, in one run. The table lies in $TMPDIR (or /tmp), which should be a disk.

#include <benchmark/benchmark.h>
#include <windrow/windrow.h>

#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/parallel.h"
#include "support.h"
#include "train/trainer_state.h"

namespace {

using namespace windrow;
using Clock = std::chrono::steady_clock;

struct Case {
  Durability durability = Durability::kNone;
  bool prepared = false;
  Stream stream = Stream::kZipf;
  int64_t rows = 1'000'000;
  int64_t dim = 128;
  size_t ids = 131'072;
  int64_t steps = 100;
  int threads = thread_count(0);
};

std::string level_name(const Case& what) {
  const char* const name = what.durability == Durability::kPower     ? "power"
                           : what.durability == Durability::kProcess ? "process"
                                                                     : "none";
  return std::string(name) + (what.prepared ? "-prepared" : "");
}

template <class T>
void must(const Result<T>& result) {
  if (!result) give_up(result.error().message);
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// One table for all cases of a shape: each opens it anew.
std::string table_path(const Case& what) {
  static const ScratchFolder folder;
  static std::string made;
  const std::string path = folder / (std::to_string(what.rows) + "x" + std::to_string(what.dim));
  if (path == made) return path;
  TableSpec spec;
  spec.rows = what.rows;
  spec.format = RowFormat::f32(what.dim);
  spec.optimizer = RowwiseAdagrad{};
  must(Table::create(path, spec));
  made = path;
  return path;
}

void run(benchmark::State& state, const Case& what) {
  TrainOptions options;
  options.durability = what.durability;
  options.residency = Residency::kWarm;
  auto opened = Trainer::open(table_path(what), RowwiseAdagrad{}, options);
  must(opened);
  Trainer& trainer = *opened;
  constexpr size_t kBatches = 64;
  const auto ids = draw_ids(what.stream, what.rows, kBatches * what.ids);
  std::vector<float> grads(what.ids * static_cast<size_t>(what.dim));
  std::mt19937 random(2);
  for (float& g : grads) g = std::uniform_real_distribution<float>(-1e-3f, 1e-3f)(random);
  StepOptions step_options;
  step_options.threads = what.threads;
  size_t turn = 0;
  const auto batch_of = [&](size_t number) {
    return std::span<const int64_t>(ids).subspan(number % kBatches * what.ids, what.ids);
  };
  const auto step = [&] {
    const auto batch = batch_of(turn++);
    if (what.prepared) must(trainer.prepare(batch_of(turn)));
    must(trainer.step(batch, RowsIn(grads, static_cast<size_t>(what.dim)), step_options));
  };
  for (int k = 0; k < 4; ++k) step();
  must(trainer.checkpoint());

  double seconds = 0, checkpoint_seconds = 0, begin_seconds = 0;
  uint64_t kept = 0, epochs = 0;
  for (auto _ : state) {
    const auto begin = Clock::now();
    for (int64_t s = 0; s < what.steps; ++s) step();
    const double took = seconds_since(begin);
    state.SetIterationTime(took);
    seconds += took;
    const TrainerState& internals = trainer.internals();
    if (internals.log) kept += internals.log->changed_rows(internals.epoch).size();
    const auto checkpoint_begin = Clock::now();
    must(trainer.checkpoint({}, {.in_background = true}));
    begin_seconds += seconds_since(checkpoint_begin);
    must(trainer.end_checkpoint());
    checkpoint_seconds += seconds_since(checkpoint_begin);
    ++epochs;
  }
  const auto all_ids =
      static_cast<double>(epochs) * static_cast<double>(what.steps) * static_cast<double>(what.ids);
  state.SetItemsProcessed(static_cast<int64_t>(all_ids));
  state.counters["ns/id"] = 1e9 * seconds / all_ids;
  state.counters["kept/id"] = static_cast<double>(kept) / all_ids;
  state.counters["syncs/step"] = what.durability == Durability::kPower ? 1 : 0;
  state.counters["checkpoint_ms"] = 1e3 * checkpoint_seconds / static_cast<double>(epochs);
  state.counters["begin_ms"] = 1e3 * begin_seconds / static_cast<double>(epochs);
  must(trainer.close());
}

void add(const Case& what) {
  const std::string name = "durability/" + level_name(what) + "/rows:" + std::to_string(what.rows) +
                           "/dim:" + std::to_string(what.dim) + "/ids:" + std::to_string(what.ids) + "/" +
                           stream_name(what.stream) + "/steps:" + std::to_string(what.steps) +
                           "/threads:" + std::to_string(what.threads);
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { run(state, what); })
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
  constexpr struct {
    Durability durability;
    bool prepared;
  } kLevels[] = {{Durability::kNone, false},
                 {Durability::kProcess, false},
                 {Durability::kProcess, true},
                 {Durability::kPower, false},
                 {Durability::kPower, true}};
  for (const auto [durability, prepared] : kLevels)
    add({.durability = durability, .prepared = prepared, .rows = 1000, .dim = 64, .ids = 4096, .steps = 10});
  for (const Stream stream : {Stream::kUniform, Stream::kZipf}) {
    for (const int64_t steps : {10, 100, 1000}) {
      for (const auto [durability, prepared] : kLevels)
        add({.durability = durability, .prepared = prepared, .stream = stream, .steps = steps});
    }
  }
  benchmark::AddCustomContext("simd_target", simd_target());
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
