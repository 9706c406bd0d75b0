// Opening a table, and the first lookup after it: the time must not depend on how large the file is.
//
//   open/<rows>x<dim>           open, and close again
//   open+lookup/<rows>x<dim>    open and gather one row; warm: the row is in the page cache
//   open/tokens:<n>             a table with a vocabulary, and one token found
//
// The tables lie in $TMPDIR (or /tmp) and are removed at the end.

#include <benchmark/benchmark.h>
#include <windrow/windrow.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support.h"

namespace {

using namespace windrow;

// A table of this many rows, made at the first call.
std::string table_of(int64_t rows, int64_t dim, bool with_tokens) {
  static const ScratchFolder folder;
  const std::string path = folder / (std::to_string(rows) + (with_tokens ? "-tokens" : ""));
  if (std::filesystem::exists(path)) return path;
  std::vector<std::string> names;
  for (int64_t r = 0; with_tokens && r < rows; ++r) names.push_back("token" + std::to_string(r));
  const std::vector<std::string_view> tokens(names.begin(), names.end());
  const auto table = Table::create(
      path, {.rows = rows, .format = RowFormat::f32(dim), .init = {Init::Kind::kZeros, 0}, .tokens = tokens});
  if (!table) give_up(table.error().message);
  return path;
}

void open_only(benchmark::State& state) {
  const auto path = table_of(state.range(0), state.range(1), false);
  for (auto _ : state) {
    const auto table = Table::open(path);
    if (!table) give_up(table.error().message);
    benchmark::DoNotOptimize(table->rows());
  }
}

void open_and_look_up(benchmark::State& state) {
  const auto path = table_of(state.range(0), state.range(1), false);
  std::vector<float> out(static_cast<size_t>(state.range(1)));
  const std::vector<int64_t> ids = {state.range(0) / 2};
  for (auto _ : state) {
    const auto table = Table::open(path);
    if (!table) give_up(table.error().message);
    if (!gather(*table, std::span(ids), RowsOut(out, out.size()))) give_up("the lookup failed");
  }
}

void open_with_tokens(benchmark::State& state) {
  const auto path = table_of(state.range(0), 16, true);
  for (auto _ : state) {
    const auto table = Table::open(path);
    if (!table) give_up(table.error().message);
    benchmark::DoNotOptimize(table->vocabulary().find("token12345"));
  }
}

void find_token(benchmark::State& state) {
  const auto table = Table::open(table_of(state.range(0), 16, true));
  if (!table) give_up(table.error().message);
  std::vector<std::string> names;
  for (int64_t k = 0; k < 100'000; ++k) names.push_back("token" + std::to_string(k * 7919 % state.range(0)));
  size_t turn = 0;
  for (auto _ : state) benchmark::DoNotOptimize(table->vocabulary().find(names[turn++ % names.size()]));
}

BENCHMARK(open_only)->Name("open")->Args({4'000, 64})->Args({4'000'000, 128})->Unit(benchmark::kMicrosecond);
BENCHMARK(open_and_look_up)
    ->Name("open+lookup")
    ->Args({4'000, 64})
    ->Args({4'000'000, 128})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(open_with_tokens)->Name("open/tokens")->Arg(1'000'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(find_token)->Name("find_token")->Arg(1'000'000);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
