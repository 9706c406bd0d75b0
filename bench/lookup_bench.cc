// Lookups on rows in memory.
//
//   lookup_bench                                  what goals and claims are about, in about a minute
//   lookup_bench --all --benchmark_filter=REGEX   a part of the full sample (--benchmark_list_tests shows it)
//
// The name of a case says what is measured (lookup_case.h). Ids are fresh in every call: 4 M of them are cycled.
// Counters: ns/id, bytes of rows per second (GB), and `of_sequential`: their share of what the same threads reach
// when they read the same memory from front to back, measured before and after each benchmark.

#include <benchmark/benchmark.h>
#include <windrow/version.h>

#include <cstring>

#include "base/parallel.h"
#include "lookup_case.h"

int main(int argc, char** argv) {
  // Before the user's own arguments, which win: enough for a steady figure where a call takes milliseconds.
  char min_time[] = "--benchmark_min_time=0.15";
  std::vector<char*> arguments = {argv[0], min_time};
  bool all = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--all") == 0) {
      all = true;
    } else {
      arguments.push_back(argv[i]);
    }
  }

  const int threads = windrow::thread_count(0);
  if (all) {
    add_lookups(all_cases(threads));
  } else {
    add_small_requests();
    add_many_tables(threads);
    add_lookups(default_cases(threads));
  }
  benchmark::AddCustomContext("simd_target", windrow::simd_target());
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
