#include "base/parallel.h"

#include <omp.h>

#include <atomic>
#include <filesystem>
#include <iterator>
#include <thread>
#include <vector>

#include "support/catch.h"

using namespace windrow;

namespace {

// How often each share ran. Nothing is asserted inside a parallel region: an assertion may throw.
std::vector<int> runs_of(int threads) {
  std::vector<std::atomic<int>> runs(static_cast<size_t>(threads));
  parallel(threads, [&](int thread) { runs[static_cast<size_t>(thread)].fetch_add(1); });
  return {runs.begin(), runs.end()};
}

}  // namespace

TEST_CASE("thread_count: a request is kept, and 0 means what the machine offers", "[base]") {
  CHECK(thread_count(1) == 1);
  CHECK(thread_count(7) == 7);
  CHECK(thread_count(0) >= 1);
}

TEST_CASE("parallel: every share runs exactly once", "[base]") {
  const int threads = GENERATE(1, 2, 3, 8, 17);
  CAPTURE(threads);
  CHECK(runs_of(threads) == std::vector<int>(static_cast<size_t>(threads), 1));
}

TEST_CASE("parallel: one thread is the caller's own, and OpenMP is not entered", "[base]") {
  std::thread::id ran_on;
  int share = -1, level = -1;  // the level counts regions of one thread, too
  parallel(1, [&](int thread) {
    ran_on = std::this_thread::get_id();
    share = thread;
    level = omp_get_level();
  });
  CHECK(ran_on == std::this_thread::get_id());
  CHECK(share == 0);
  CHECK(level == 0);
}

TEST_CASE("parallel: all shares run when the runtime grants fewer threads than asked for", "[base]") {
  // A region inside a region gets one thread unless nesting is on, which is not the default.
  std::atomic<int> runs = 0, wrong = 0;
  parallel(2, [&](int) {
    bool seen[5] = {};
    parallel(5, [&](int thread) {
      runs.fetch_add(1);
      seen[thread] = true;
    });
    for (const bool ran : seen) {
      if (!ran) wrong.fetch_add(1);
    }
  });
  CHECK(runs == 10);
  CHECK(wrong == 0);
}

TEST_CASE("parallel: what the shares wrote is seen after the call", "[base]") {
  std::vector<int> written(64, 0);
  for (int round = 1; round <= 50; ++round) {
    parallel(4, [&](int thread) {
      for (size_t i = static_cast<size_t>(thread); i < written.size(); i += 4) written[i] += round;
    });
  }
  CHECK(written == std::vector<int>(64, 50 * 51 / 2));
}

TEST_CASE("parallel: several callers at a time do not disturb each other", "[base]") {
  std::vector<std::vector<int>> runs(4);
  std::vector<std::thread> callers;
  for (auto& mine : runs) callers.emplace_back([&mine] { mine = runs_of(3); });
  for (auto& caller : callers) caller.join();
  for (const auto& mine : runs) CHECK(mine == std::vector<int>(3, 1));
}

TEST_CASE("parallel: many callers leave the number of the process's threads bounded", "[base]") {
  const auto threads_of_process = [] {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
  };
  runs_of(3);
  const auto before = threads_of_process();
  constexpr int kCallers = 16;
  std::atomic<int> ready = 0;
  std::atomic<std::ptrdiff_t> most = 0;
  std::vector<std::thread> callers;
  for (int c = 0; c < kCallers; ++c) {
    callers.emplace_back([&] {
      ready.fetch_add(1);
      while (ready < kCallers) std::this_thread::yield();
      for (int round = 0; round < 20; ++round) runs_of(5);
      const auto now = threads_of_process();
      auto seen = most.load();
      while (seen < now && !most.compare_exchange_weak(seen, now)) {
      }
      ready.fetch_add(1);
      while (ready < 2 * kCallers) std::this_thread::yield();
    });
  }
  for (auto& caller : callers) caller.join();
  // At most four threads alive lead a team, here of four others.
  CHECK(most <= before + kCallers + 4 * 4);
}
