// Opening a table, and the first lookup after it: the time must not depend on how large the file is.
//
//   open/<rows>x<dim>           open, and close again
//   open+lookup/<rows>x<dim>    open and gather one row; warm: the row is in the page cache
//   open+token/<rows>x<dim>     a table with a vocabulary, and the vector of one token
//   find_token/<stream>         one token after another, of 1,000,000; uniform: any is as likely, zipf: as in text
//   find_numbers/<stream>/<n>   n at once; time per token
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
  const std::string path =
      folder / (std::to_string(rows) + "x" + std::to_string(dim) + (with_tokens ? "-tokens" : ""));
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

void open_and_find(benchmark::State& state) {
  const auto path = table_of(state.range(0), state.range(1), true);
  std::vector<float> out(static_cast<size_t>(state.range(1)));
  for (auto _ : state) {
    const auto table = Table::open(path);
    if (!table) give_up(table.error().message);
    const auto row = table->vocabulary().find("token12345");
    if (!row || !gather(*table, std::span(&*row, 1), RowsOut(out, out.size()))) give_up("the lookup failed");
  }
}

constexpr int64_t kTokens = 1'000'000;

// 100,000 of the tokens in a random order.
std::vector<std::string> random_names(Stream stream) {
  std::vector<std::string> names;
  for (const int64_t id : draw_ids(stream, kTokens, 100'000)) names.push_back("token" + std::to_string(id));
  return names;
}

void find_token(benchmark::State& state, Stream stream) {
  const auto table = Table::open(table_of(kTokens, 16, true));
  if (!table) give_up(table.error().message);
  const auto names = random_names(stream);
  size_t turn = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(table->vocabulary().find(names[turn]));
    turn = turn + 1 == names.size() ? 0 : turn + 1;
  }
}

void find_numbers(benchmark::State& state, Stream stream) {
  const auto table = Table::open(table_of(kTokens, 16, true));
  if (!table) give_up(table.error().message);
  const auto names = random_names(stream);
  const std::vector<std::string_view> tokens(names.begin(), names.end());
  const auto count = static_cast<size_t>(state.range(0));
  std::vector<int64_t> numbers(count);
  size_t first = 0;
  for (auto _ : state) {
    table->vocabulary().find_numbers(std::span(tokens).subspan(first, count), numbers);
    benchmark::DoNotOptimize(numbers.data());
    first = first + 2 * count > tokens.size() ? 0 : first + count;
  }
  state.counters["s/token"] = benchmark::Counter(
      static_cast<double>(state.iterations() * state.range(0)),
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(open_only)->Name("open")->Args({4'000, 64})->Args({4'000'000, 128})->Unit(benchmark::kMicrosecond);
BENCHMARK(open_and_look_up)
    ->Name("open+lookup")
    ->Args({4'000, 64})
    ->Args({4'000'000, 128})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(open_and_find)->Name("open+token")->Args({1'000'000, 300})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(find_token, uniform, Stream::kUniform);
BENCHMARK_CAPTURE(find_token, zipf, Stream::kZipf);
BENCHMARK_CAPTURE(find_numbers, uniform, Stream::kUniform)->Arg(32)->Arg(10'000);
BENCHMARK_CAPTURE(find_numbers, zipf, Stream::kZipf)->Arg(32)->Arg(10'000);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
