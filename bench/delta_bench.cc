// How fast copies of a table follow it: deltas made, merged and applied, synced to the disk.
//
//   delta/<job>/table:R/changed:N
//
// Tables of R rows of 128 floats with the state of row-wise Adagrad, of which N rows differ. Jobs: `checkpoint`, of a
// trainer at Durability::kProcess with a delta; `compare`, a delta of two tables; `apply`, in place; `merge`, of two such
// deltas. items are rows of the delta. Counters: `time/row`; `MB`, of the delta. The tables lie in $TMPDIR (or /tmp), which
// should be a disk.

#include <benchmark/benchmark.h>
#include <windrow/windrow.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "support.h"

namespace {

using namespace windrow;

constexpr int64_t kDim = 128;

template <class T>
void must(const Result<T>& result) {
  if (!result) give_up(result.error().message);
}

// A table and a later state of it, with a delta that leads there, one that leads back, and one that goes on from there.
class Tables {
 public:
  Tables(int64_t rows, int64_t changed) : rows_(rows) {
    TableSpec spec;
    spec.rows = rows;
    spec.format = RowFormat::f32(kDim);
    spec.optimizer = RowwiseAdagrad{};
    must(Table::create(before, spec));
    must(publish(before, after));
    ids_.resize(static_cast<size_t>(rows));
    std::iota(ids_.begin(), ids_.end(), 0);
    std::shuffle(ids_.begin(), ids_.end(), std::mt19937(1));
    ids_.resize(static_cast<size_t>(changed));
    train(after, there);
    must(write_delta(after, before, back, kWithState));
    must(publish(after, later));
    train(later, on);
  }

  void train(const std::string& path, const std::string& delta) const {
    Trainer trainer = open(path);
    step(trainer);
    must(trainer.checkpoint("trained", {.delta_path = delta, .delta = kWithState}));
    must(trainer.close("trained"));
  }

  static Trainer open(const std::string& path) {
    auto trainer = Trainer::open(path, RowwiseAdagrad{}, {.durability = Durability::kProcess});
    must(trainer);
    return std::move(*trainer);
  }
  void step(Trainer& trainer) const {
    constexpr size_t kAtOnce = 131'072;
    static const std::vector<float> grads(kAtOnce * kDim, 1e-3f);
    for (size_t at = 0; at < ids_.size(); at += kAtOnce) {
      const auto part = std::span(ids_).subspan(at, std::min(kAtOnce, ids_.size() - at));
      must(trainer.step(part, RowsIn(std::span(grads).first(part.size() * kDim), kDim)));
    }
  }
  bool is_for(int64_t rows, size_t changed) const { return rows == rows_ && changed == ids_.size(); }

  static constexpr DeltaOptions kWithState{.state = true};

 private:
  ScratchFolder folder_;
  int64_t rows_;
  std::vector<int64_t> ids_;

 public:
  const std::string before = folder_ / "before", after = folder_ / "after", later = folder_ / "later";
  const std::string there = folder_ / "there", back = folder_ / "back", on = folder_ / "on",
                    made = folder_ / "made";
};

// One pair for all jobs of a size, which stand next to each other.
const Tables& tables_of(int64_t rows, int64_t changed) {
  static std::unique_ptr<Tables> tables;
  if (!tables || !tables->is_for(rows, static_cast<size_t>(changed))) {
    tables.reset();
    tables = std::make_unique<Tables>(rows, changed);
  }
  return *tables;
}

void checkpoint(benchmark::State& state, const Tables& tables) {
  Trainer trainer = Tables::open(tables.later);
  for (auto _ : state) {
    state.PauseTiming();
    tables.step(trainer);
    state.ResumeTiming();
    must(trainer.checkpoint("x", {.delta_path = tables.made, .delta = Tables::kWithState}));
  }
  must(trainer.close());
}

void compare(benchmark::State& state, const Tables& tables) {
  for (auto _ : state) must(write_delta(tables.before, tables.after, tables.made, Tables::kWithState));
}

void apply(benchmark::State& state, const Tables& tables) {
  bool forth = true;
  for (auto _ : state) {
    must(apply_delta(tables.before, forth ? tables.there : tables.back));
    forth = !forth;
  }
  if (!forth) must(apply_delta(tables.before, tables.back));
}

void merge(benchmark::State& state, const Tables& tables) {
  const std::vector<std::string> deltas = {tables.there, tables.on};
  for (auto _ : state) must(merge_deltas(deltas, tables.made));
}

using Job = void (*)(benchmark::State&, const Tables&);

void add(const char* name, Job job, int64_t rows, int64_t changed) {
  const std::string full =
      std::string("delta/") + name + "/table:" + std::to_string(rows) + "/changed:" + std::to_string(changed);
  const auto run = [=](benchmark::State& state) {
    const Tables& tables = tables_of(rows, changed);
    job(state, tables);
    state.SetItemsProcessed(state.iterations() * changed);
    state.counters["time/row"] =
        benchmark::Counter(static_cast<double>(state.iterations() * changed),
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["MB"] = static_cast<double>(std::filesystem::file_size(tables.there)) / 1e6;
  };
  // Most of the time is the disk's.
  benchmark::RegisterBenchmark(full.c_str(), run)->UseRealTime()->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::pair<const char*, Job> kJobs[] = {
      {"checkpoint", checkpoint}, {"compare", compare}, {"apply", apply}, {"merge", merge}};
  for (const auto& [rows, changed] : {std::pair<int64_t, int64_t>{1000, 100},
                                      {1'000'000, 1000},
                                      {1'000'000, 10'000},
                                      {1'000'000, 100'000},
                                      {1'000'000, 1'000'000}}) {
    for (const auto& [name, job] : kJobs) add(name, job, rows, changed);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
