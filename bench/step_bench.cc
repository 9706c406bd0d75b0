// One exact training step on a writable file mapping: coalesce, sum, update.
//
//   step/<optimiser>/<pooling>/rows:R/dim:D/ids:N/bag:B/<ids>/threads:T
//
// items are ids; bytes are the weight and state bytes read and written, one gradient row per id and the ids.
// The table lies in $TMPDIR (or /tmp) and is loaded into the page cache in 4 KiB pages first, as a table
// under training has them.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>
#include <windrow/windrow.h>

#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support.h"

namespace {

using namespace windrow;

struct Shape {
  int64_t rows;
  int64_t dim;
  size_t ids;
  size_t bag;
};
constexpr Shape kLarge{1'000'000, 128, 131'072, 32};  // far beyond the caches
constexpr Shape kSmallSteps{1'000'000, 128, 4'096, 32};
constexpr Shape kCached{1'000, 64, 131'072, 32};  // weights and state stay in the second-level cache

const char* name_of(const Optimizer& optimizer) {
  return std::holds_alternative<Sgd>(optimizer) ? "sgd" : "adagrad";
}

// A table file that is removed at the end of the program.
class TableOnDisk {
 public:
  TableOnDisk(const Shape& shape, const Optimizer& optimizer) {
    TableSpec spec;
    spec.rows = shape.rows;
    spec.format = RowFormat::f32(shape.dim);
    spec.optimizer = optimizer;
    auto table = Table::create(path(), spec);
    if (!table) give_up(table.error().message);
    table = tl::make_unexpected(Error{});  // unmapped, so that its pages can be dropped
    load_in_small_pages();
    auto opened = Trainer::open(path(), optimizer);
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
TableOnDisk& table_for(const Shape& shape, const Optimizer& optimizer) {
  static std::unique_ptr<TableOnDisk> table;
  static std::string made_for;
  const auto key = std::to_string(shape.rows) + "x" + std::to_string(shape.dim) + name_of(optimizer);
  if (key != made_for) {
    table.reset();
    table = std::make_unique<TableOnDisk>(shape, optimizer);
    made_for = key;
  }
  return *table;
}

void run(benchmark::State& state, const Shape& shape, const Optimizer& optimizer, Pooling pooling,
         Stream stream, int threads) {
  const TableOnDisk& table = table_for(shape, optimizer);
  // Several batches, so that no step finds the rows of the last one in the cache.
  const size_t batches = shape.ids > 65'536 ? 8 : 64;
  const auto ids = draw_ids(stream, shape.rows, batches * shape.ids);
  const auto offsets = equal_offsets(shape.ids, shape.bag);
  const auto dim = static_cast<size_t>(shape.dim);
  std::vector<float> grads((offsets.size() - 1) * dim);
  std::mt19937 random(2);
  for (float& g : grads) g = std::uniform_real_distribution<float>(-1e-3f, 1e-3f)(random);

  StepOptions options;
  options.threads = threads;
  size_t turn = 0;
  int64_t rows_touched = 0;
  const auto step = [&] {
    Bags bags;
    bags.ids = std::span<const int64_t>(ids).subspan(turn++ % batches * shape.ids, shape.ids);
    bags.offsets = std::span<const int64_t>(offsets);
    const auto report = table.trainer->step(bags, pooling, RowsIn(grads, dim), options);
    if (!report) give_up(report.error().message);
    rows_touched = report->rows_touched;
  };
  for (size_t k = 0; k < batches; ++k) step();  // the first store to each page is a fault
  for (auto _ : state) step();

  const auto ids_per_step = static_cast<int64_t>(shape.ids);
  const int64_t row_bytes = shape.dim * 4 * (std::holds_alternative<Sgd>(optimizer) ? 2 : 4);
  state.SetItemsProcessed(state.iterations() * ids_per_step);
  state.SetBytesProcessed(state.iterations() *
                          (rows_touched * row_bytes + ids_per_step * (shape.dim * 4 + 8)));
  state.counters["ns/id"] =
      benchmark::Counter(static_cast<double>(ids_per_step) * 1e-9,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void add(const Shape& shape, const Optimizer& optimizer, const char* pooling_name, Pooling pooling,
         Stream stream, int threads) {
  const std::string name = std::string("step/") + name_of(optimizer) + "/" + pooling_name +
                           "/rows:" + std::to_string(shape.rows) + "/dim:" + std::to_string(shape.dim) +
                           "/ids:" + std::to_string(shape.ids) + "/bag:" + std::to_string(shape.bag) + "/" +
                           stream_name(stream) + "/threads:" + std::to_string(threads);
  benchmark::RegisterBenchmark(
      name.c_str(), [=](benchmark::State& state) { run(state, shape, optimizer, pooling, stream, threads); })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
  for (const Optimizer& optimizer : {Optimizer(Sgd{}), Optimizer(Adagrad{})}) {
    for (const int threads : {1, 2}) {
      add(kLarge, optimizer, "sum", Pooling::kSum, Stream::kUniform, threads);
      add(kLarge, optimizer, "sum", Pooling::kSum, Stream::kZipf, threads);
      add(kLarge, optimizer, "mean", Pooling::kMean, Stream::kUniform, threads);
      add(kLarge, optimizer, "max", Pooling::kMax, Stream::kUniform, threads);
      add(kSmallSteps, optimizer, "sum", Pooling::kSum, Stream::kUniform, threads);
    }
    for (const int threads : {1, 2}) add(kCached, optimizer, "sum", Pooling::kSum, Stream::kUniform, threads);
  }
  benchmark::AddCustomContext("simd_target", simd_target());
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
