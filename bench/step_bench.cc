// One exact training step on a writable file mapping: coalesce, sum, update.
//
//   step/<optimiser>/<rows>/<pooling>/rows:R/dim:D/ids:N/bag:B/<ids>/<pages>/threads:T
//
// items are ids; bytes are the weight and state bytes read and written, one gradient row per id and the ids. The counters
// say how the time of a step splits: `check` (finite gradients) and `coalesce` (sort, segments, addresses) as measured by
// themselves, `sum` (gradients of each row, not stored) likewise, and `update` is the rest.
//
// The table lies in $TMPDIR (or /tmp) and is loaded into the page cache first, in 4 KiB pages, as a table under training
// has them, or in 2 MiB pages (TrainOptions::residency kHuge).

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>
#include <windrow/windrow.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/parallel.h"
#include "support.h"
#include "train/step_work.h"
#include "train/row_updater.h"
#include "train/trainer_state.h"

namespace {

using namespace windrow;
using Clock = std::chrono::steady_clock;

struct Shape {
  int64_t rows;
  int64_t dim;
  size_t ids;
  size_t bag;
};
constexpr Shape kLarge{1'000'000, 128, 131'072, 32};  // far beyond the caches
constexpr Shape kSmallSteps{1'000'000, 128, 4'096, 32};
constexpr Shape kCached{1'000, 64, 131'072, 32};  // weights and state stay in the second-level cache

struct Case {
  Shape shape;
  Optimizer optimizer;
  RowFormat::Kind rows = RowFormat::Kind::kF32;
  Pooling pooling = Pooling::kSum;
  Stream stream = Stream::kUniform;
  Residency pages = Residency::kLazy;
  TrainOptions options = {};

  RowFormat format() const {
    switch (rows) {
      case RowFormat::Kind::kF16:
        return RowFormat::f16(shape.dim);
      case RowFormat::Kind::kBf16:
        return RowFormat::bf16(shape.dim);
      default:
        return RowFormat::f32(shape.dim);
    }
  }
  std::string table_name() const {
    return std::string(optimizer_name(optimizer)) + "/" + std::string(row_format_name(rows)) +
           (options.rounding == Rounding::kStochastic ? "_stochastic" : "");
  }
  const char* pages_name() const { return pages == Residency::kHuge ? "2MiB" : "4KiB"; }
};

// A table file that is removed at the end of the program.
class TableOnDisk {
 public:
  explicit TableOnDisk(const Case& what) {
    TableSpec spec;
    spec.rows = what.shape.rows;
    spec.format = what.format();
    spec.optimizer = what.optimizer;
    auto table = Table::create(path(), spec);
    if (!table) give_up(table.error().message);
    table = tl::make_unexpected(Error{});  // unmapped, so that its pages can be dropped
    if (what.pages != Residency::kHuge) load_in_small_pages();
    TrainOptions options = what.options;
    options.residency = what.pages;
    auto opened = Trainer::open(path(), what.optimizer, options);
    if (!opened) give_up(opened.error().message);
    trainer = std::make_unique<Trainer>(std::move(*opened));
  }

  std::unique_ptr<Trainer> trainer;

 private:
  std::string path() const { return folder_ / "table.safetensors"; }

  // Whoever reads a page first decides how large it is, and a file just written lies in the cache in large
  // ones.
  void load_in_small_pages() {
    const int file = ::open(path().c_str(), O_RDWR);
    const auto bytes = static_cast<off_t>(std::filesystem::file_size(path()));
    ::fdatasync(file);
    ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ::posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM);
    for (off_t at = 0; at < bytes; at += 1 << 20) ::posix_fadvise(file, at, 1 << 20, POSIX_FADV_WILLNEED);
    ::close(file);
  }

  ScratchFolder folder_;
};

// The library calls a benchmark several times; a table is made once for those that follow each other.
TableOnDisk& table_for(const Case& what) {
  static std::unique_ptr<TableOnDisk> table;
  static std::string made_for;
  const auto key = std::to_string(what.shape.rows) + "x" + std::to_string(what.shape.dim) + what.table_name() +
                   what.pages_name();
  if (key != made_for) {
    table.reset();
    table = std::make_unique<TableOnDisk>(what);
    made_for = key;
  }
  return *table;
}

// Requests in turn, so that no step finds the rows of the last one in the cache.
class Requests {
 public:
  explicit Requests(const Case& what)
      : what_(what),
        batches_(what.shape.ids > 65'536 ? 8 : 64),
        ids_(draw_ids(what.stream, what.shape.rows, batches_ * what.shape.ids)),
        offsets_(equal_offsets(what.shape.ids, what.shape.bag)),
        grads_((offsets_.size() - 1) * static_cast<size_t>(what.shape.dim)) {
    std::mt19937 random(2);
    for (float& g : grads_) g = std::uniform_real_distribution<float>(-1e-3f, 1e-3f)(random);
  }

  size_t batches() const { return batches_; }
  StepRequest next(Trainer& trainer) {
    StepRequest request{&trainer, {}, what_.pooling, RowsIn(grads_, static_cast<size_t>(what_.shape.dim))};
    request.bags.ids = std::span<const int64_t>(ids_).subspan(turn_++ % batches_ * what_.shape.ids, what_.shape.ids);
    request.bags.offsets = std::span<const int64_t>(offsets_);
    return request;
  }

 private:
  Case what_;
  size_t batches_;
  std::vector<int64_t> ids_, offsets_;
  std::vector<float> grads_;
  size_t turn_ = 0;
};

double seconds_of(const auto& work) {
  const auto begin = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// What the stages of a step take by themselves, in seconds.
struct Stages {
  double check = 0, coalesce = 0, sum = 0;
};
Stages measure_stages(Trainer& trainer, Requests& requests, int threads) {
  TrainerState& state = trainer.internals();
  std::vector<double> check, coalesce, sum;
  for (int repeat = 0; repeat < 15; ++repeat) {
    StepWork work;
    if (auto taken = work.take(requests.next(trainer), {}); !taken) give_up(taken.error().message);
    if (auto reserved = state.gradient.reserve(work.request, *state.table, threads); !reserved)
      give_up(reserved.error().message);
    state.finite.reserve(state.dim(), threads);
    check.push_back(seconds_of([&] { state.finite.scan(work.request, state.dim(), threads); }));
    coalesce.push_back(seconds_of([&] { state.gradient.prepare(work.request, *state.table, threads); }));
    const RowsToUpdate rows{state.table->format, &state.weights, state.states};
    const RowUpdater updater(state.gradient, work.request.grads, rows, {state.optimizer});
    std::vector<std::vector<float>> merged(static_cast<size_t>(threads), std::vector<float>(state.dim()));
    sum.push_back(seconds_of([&] {
      parallel(threads, [&](int t) {
        const Chunk chunk = chunk_of(t, threads, updater.rows());
        for (size_t row = chunk.begin; row < chunk.end; ++row)
          updater.merge(row, {0, state.dim()}, merged[static_cast<size_t>(t)].data());
      });
    }));
  }
  return {median(check), median(coalesce), median(sum)};
}

void run(benchmark::State& state, const Case& what, int threads) {
  Trainer& trainer = *table_for(what).trainer;
  Requests requests(what);
  StepOptions options;
  options.threads = threads;
  int64_t rows_touched = 0;
  const auto step = [&] {
    const StepRequest request = requests.next(trainer);
    const auto report = trainer.step(request.bags, *request.pooling, request.grads, options);
    if (!report) give_up(report.error().message);
    rows_touched = report->rows_touched;
  };
  for (size_t k = 0; k < requests.batches(); ++k) step();  // the first store to each page is a fault
  const auto begin = Clock::now();
  for (auto _ : state) step();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();

  const auto ids = static_cast<double>(what.shape.ids);
  const TrainerState& internals = trainer.internals();
  const RowsToUpdate rows{internals.table->format, &trainer.internals().weights, trainer.internals().states};
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(what.shape.ids));
  state.SetBytesProcessed(state.iterations() * (rows_touched * static_cast<int64_t>(rows.bytes_per_row()) +
                                                static_cast<int64_t>(what.shape.ids) * (what.shape.dim * 4 + 8)));
  const double ns = 1e9 * seconds / static_cast<double>(state.iterations()) / ids;
  state.counters["ns/id"] = ns;
  const Stages stages = measure_stages(trainer, requests, threads);
  const auto counter = [&](const char* name, double of_stage) { state.counters[name] = 1e9 * of_stage / ids; };
  counter("check", stages.check);
  counter("coalesce", stages.coalesce);
  counter("sum", stages.sum);
  state.counters["update"] = ns - 1e9 * (stages.check + stages.coalesce + stages.sum) / ids;
}

const char* pooling_name(Pooling pooling) {
  return pooling == Pooling::kSum ? "sum" : pooling == Pooling::kMean ? "mean" : "max";
}

void add(const Case& what, int threads) {
  const std::string name = "step/" + what.table_name() + "/" + pooling_name(what.pooling) +
                           "/rows:" + std::to_string(what.shape.rows) + "/dim:" + std::to_string(what.shape.dim) +
                           "/ids:" + std::to_string(what.shape.ids) + "/bag:" + std::to_string(what.shape.bag) + "/" +
                           stream_name(what.stream) + "/" + what.pages_name() + "/threads:" + std::to_string(threads);
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { run(state, what, threads); })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

void add_large(const Optimizer& optimizer, Residency pages) {
  for (const int threads : std::set<int>{1, 2, thread_count(0)}) {
    for (const Stream stream : {Stream::kUniform, Stream::kZipf})
      add({.shape = kLarge, .optimizer = optimizer, .stream = stream, .pages = pages}, threads);
    add({.shape = kSmallSteps, .optimizer = optimizer, .pages = pages}, threads);
  }
}

}  // namespace

int main(int argc, char** argv) {
  using namespace windrow;
  const Optimizer kMain[] = {RowwiseAdagrad{}, Adagrad{}, Sgd{}};
  for (const Optimizer& optimizer : kMain) {
    for (const Residency pages : {Residency::kLazy, Residency::kHuge}) add_large(optimizer, pages);
  }
  for (const Optimizer& optimizer : {Optimizer(Adam{}), Optimizer(Ftrl{}), Optimizer(Sgd{.momentum = 0.9})})
    add({.shape = kLarge, .optimizer = optimizer}, 2);
  for (const Pooling pooling : {Pooling::kMean, Pooling::kMax})
    add({.shape = kLarge, .optimizer = Adagrad{}, .pooling = pooling}, 2);
  for (const auto kind : {RowFormat::Kind::kF16, RowFormat::Kind::kBf16}) {
    for (const auto rounding : {Rounding::kNearest, Rounding::kStochastic})
      add({.shape = kLarge, .optimizer = RowwiseAdagrad{}, .rows = kind, .options = {.rounding = rounding}}, 2);
  }
  for (const Optimizer& optimizer : kMain) {
    for (const int threads : {1, 2}) add({.shape = kCached, .optimizer = optimizer}, threads);
  }
  benchmark::AddCustomContext("simd_target", simd_target());
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
