// Lookups on rows in memory: pool and gather through the public call, validation included.
//
//   <op>/<mode>/rows:R/dim:D/ids:N/bag:B/<ids>/<pages>/threads:T
//
// Two working sets, one inside the second-level cache and ones far beyond the last; ids are fresh in every call (4 M are
// cycled). Counters: ns/id, bytes of rows per second (GB), and `of_sequential`: their share of what the same threads
// reach when they read the same memory from front to back, measured before and after each benchmark.

#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <windrow/windrow.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/parallel.h"
#include "kernels/read_sum.h"
#include "support.h"

namespace {

using namespace windrow;

struct Shape {
  int64_t rows;
  int64_t dim;
  size_t ids;  // per call
  size_t bag;
};
constexpr Shape kFarBeyond{10'000'000, 64, 131'072, 32};
constexpr Shape kWide{1'000'000, 128, 131'072, 32};
constexpr Shape kLastLevel{100'000, 64, 131'072, 32};
constexpr Shape kInCache{3'000, 64, 131'072, 32};
constexpr Shape kOddDim{1'000'000, 50, 131'072, 32};
constexpr Shape kSmallCall{10'000'000, 64, 640, 20};

// Rows in 2 MiB pages, as residency huge gives them, or in 4 KiB pages.
class Rows {
 public:
  Rows(const Shape& shape, bool huge_pages)
      : bytes_(static_cast<size_t>(shape.rows * shape.dim) * sizeof(float)) {
    constexpr size_t kHugePage = 2 << 20;
    reserved_ = bytes_ + kHugePage;
    memory_ = ::mmap(nullptr, reserved_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) give_up("not enough memory for this benchmark");
    const auto aligned = (reinterpret_cast<uintptr_t>(memory_) + kHugePage - 1) / kHugePage * kHugePage;
    ::madvise(reinterpret_cast<void*>(aligned), bytes_, huge_pages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    auto* values = reinterpret_cast<float*>(aligned);
    for (size_t i = 0; i < bytes_ / sizeof(float); ++i) values[i] = static_cast<float>(i % 1001) * 0.001f;
    table_ = std::make_unique<Table>(*Table::wrap(values, shape.rows, RowFormat::f32(shape.dim)));
  }
  ~Rows() { ::munmap(memory_, reserved_); }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  const Table& table() const { return *table_; }

  // The best of three ways to read up to 512 MB of the rows in order.
  double sequential_gb_per_s(int threads) const {
    const size_t slice = std::min<size_t>(bytes_, 512 << 20) / static_cast<size_t>(threads) / 64 * 64;
    const auto* begin = reinterpret_cast<const uint8_t*>(table_->data());
    double best = 0;
    for (const auto pattern :
         {kernels::ReadPattern::kPlain, kernels::ReadPattern::kUnrolled, kernels::ReadPattern::kPrefetched}) {
      const auto read = kernels::read_sum(pattern);
      const auto start = std::chrono::steady_clock::now();
      parallel(threads, [&](int thread) {
        benchmark::DoNotOptimize(read(begin + slice * static_cast<size_t>(thread), slice));
      });
      const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
      best = std::max(best, static_cast<double>(slice * static_cast<size_t>(threads)) / elapsed.count());
    }
    return best;
  }

 private:
  size_t bytes_, reserved_;
  void* memory_;
  std::unique_ptr<Table> table_;
};

// Google Benchmark calls a benchmark several times; rows are made once for those that follow each other.
const Rows& rows_for(const Shape& shape, bool huge_pages) {
  static std::unique_ptr<Rows> rows;
  static std::string made_for;
  const auto key = std::to_string(shape.rows) + "x" + std::to_string(shape.dim) + (huge_pages ? "h" : "s");
  if (key != made_for) {
    rows.reset();
    rows = std::make_unique<Rows>(shape, huge_pages);
    made_for = key;
  }
  return *rows;
}

struct Case {
  const char* op;  // "gather" or a pooling
  Shape shape;
  Stream stream = Stream::kUniform;
  bool huge_pages = true;
  int threads = 1;

  std::string name() const {
    return std::string(op) + "/rows:" + std::to_string(shape.rows) + "/dim:" + std::to_string(shape.dim) +
           "/ids:" + std::to_string(shape.ids) + "/bag:" + std::to_string(shape.bag) + "/" +
           stream_name(stream) + (huge_pages ? "/2MiB" : "/4KiB") + "/threads:" + std::to_string(threads);
  }
};

void run(benchmark::State& state, const Case& wanted) {
  const Shape& shape = wanted.shape;
  const Rows& rows = rows_for(shape, wanted.huge_pages);
  const auto ids =
      draw_ids(wanted.stream, shape.rows, std::max<size_t>(4 << 20, shape.ids) / shape.ids * shape.ids);
  const auto dim = static_cast<size_t>(shape.dim);
  const std::string op = wanted.op;
  const bool gathers = op == "gather", weighted = op == "pool/weighted";
  const auto offsets = equal_offsets(shape.ids, shape.bag);
  const std::vector<float> weights(weighted ? shape.ids : 0, 0.5f);
  std::vector<float> out((gathers ? shape.ids : offsets.size() - 1) * dim);
  const Pooling pooling = op == "pool/mean"  ? Pooling::kMean
                          : op == "pool/max" ? Pooling::kMax
                                             : Pooling::kSum;
  LookupOptions options;
  options.threads = wanted.threads;

  const double before = rows.sequential_gb_per_s(wanted.threads);
  size_t turn = 0;
  for (auto _ : state) {
    Bags bags;
    bags.ids = std::span<const int64_t>(ids).subspan(turn * shape.ids % ids.size(), shape.ids);
    ++turn;
    bags.offsets = std::span<const int64_t>(offsets);
    bags.weights = weights;
    const auto done = gathers ? gather(rows.table(), bags.ids, RowsOut(out, dim), options)
                              : pool(rows.table(), bags, pooling, RowsOut(out, dim), options);
    if (!done) give_up(done.error().message);
  }
  const double limit = std::max(before, rows.sequential_gb_per_s(wanted.threads));
  using benchmark::Counter;
  const auto count = static_cast<double>(shape.ids);
  const double gigabytes = count * static_cast<double>(dim * sizeof(float)) * 1e-9;
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(shape.ids));
  state.counters["ns/id"] = Counter(count * 1e-9, Counter::kIsIterationInvariantRate | Counter::kInvert);
  state.counters["GB/s"] = Counter(gigabytes, Counter::kIsIterationInvariantRate);
  state.counters["of_sequential"] = Counter(gigabytes / limit, Counter::kIsIterationInvariantRate);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<Case> cases;
  for (const int threads : {1, 2}) {
    for (const char* op : {"pool/sum", "pool/weighted", "pool/mean", "pool/max", "gather"}) {
      cases.push_back({op, kFarBeyond, Stream::kUniform, true, threads});
    }
    cases.push_back({"pool/sum", kFarBeyond, Stream::kZipf, true, threads});
    cases.push_back({"pool/sum", kSmallCall, Stream::kUniform, true, threads});
    for (const Shape& shape : {kWide, kOddDim, kLastLevel, kInCache}) {
      cases.push_back({"pool/sum", shape, Stream::kUniform, true, threads});
      cases.push_back({"gather", shape, Stream::kUniform, true, threads});
    }
    cases.push_back({"pool/sum", kFarBeyond, Stream::kUniform, false, threads});
  }
  std::stable_sort(cases.begin(), cases.end(),
                   [](const Case& a, const Case& b) {  // one set of rows after another
                     return std::pair(a.shape.rows * a.shape.dim, a.huge_pages) <
                            std::pair(b.shape.rows * b.shape.dim, b.huge_pages);
                   });
  for (const Case& wanted : cases) {
    benchmark::RegisterBenchmark(wanted.name().c_str(),
                                 [wanted](benchmark::State& state) { run(state, wanted); })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
  benchmark::AddCustomContext("simd_target", simd_target());
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
