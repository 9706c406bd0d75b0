#include "base/shares.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "support/catch.h"

using namespace windrow;

namespace {

using Bounds = std::vector<int64_t>;

int64_t size_of(const Bounds& bounds, size_t group) { return bounds[group + 1] - bounds[group]; }

// Group sizes as requests have them: empty, equal, skewed, one giant.
Bounds random_bounds(std::mt19937& random) {
  const size_t groups = random() % 4 == 0 ? random() % 3 : random() % 200;
  const int shape = static_cast<int>(random() % 4);
  Bounds bounds = {static_cast<int64_t>(random() % 3) * 100};  // a slice need not begin at 0
  for (size_t g = 0; g < groups; ++g) {
    int64_t size = static_cast<int64_t>(random() % 20);
    if (shape == 1) size = 1;
    if (shape == 2) size = random() % 20 == 0 ? static_cast<int64_t>(random() % 5000) : size % 3;
    if (shape == 3 && g == groups / 2) size = 1000000;
    bounds.push_back(bounds.back() + size);
  }
  return bounds;
}

struct PartBounds {
  Bounds bounds;
  int64_t element_cost, group_cost;
  size_t columns = 64;
};

int64_t lines_of(size_t columns) {
  return static_cast<int64_t>((columns + Shares::kSplitColumns - 1) / Shares::kSplitColumns);
}

int64_t cost_of(const PartBounds& part, size_t group) {
  return size_of(part.bounds, group) * part.element_cost + part.group_cost;
}

// The rules of the header, for one sharing. Plain counters: thousands of CHECKs would take most of the time.
struct Broken {
  int coverage = 0, order = 0, huge = 0, balance = 0;
  bool operator==(const Broken&) const = default;
};

Broken broken_rules(const std::vector<PartBounds>& work, int threads) {
  std::vector<Shares::Part> parts;
  int64_t all = 0;
  for (const auto& part : work) {
    parts.push_back({part.bounds, part.element_cost, part.group_cost, part.columns});
    all += (part.bounds.back() - part.bounds.front()) * part.element_cost;
  }
  const Shares shares(parts, threads);
  const std::vector<Shares::Group> huge(shares.huge().begin(), shares.huge().end());
  Broken broken;
  if (!std::is_sorted(huge.begin(), huge.end())) ++broken.order;
  if (!huge.empty() && static_cast<int>(huge.size()) >= threads) ++broken.huge;

  // Each group belongs to one thread, or is huge and belongs to all by columns.
  std::vector<std::vector<int>> owners;
  for (const auto& part : work) owners.emplace_back(part.bounds.size() - 1, 0);
  std::vector<int64_t> cost(static_cast<size_t>(threads), 0);
  int64_t total = 0, largest = 0;
  for (size_t h = 0; h < huge.size(); ++h) {
    const auto& [part, group] = huge[h];
    ++owners[part][group];
    const int64_t bag = size_of(work[part].bounds, group) * work[part].element_cost;
    if (bag <= all / threads || work[part].columns <= Shares::kSplitColumns) ++broken.huge;
    // Every column is somebody's, and the pieces are of one size but for a line.
    std::vector<int> covered(work[part].columns, 0);
    for (int t = 0; t < threads; ++t) {
      const auto columns = shares.columns_of(t, h);
      if (columns.begin % Shares::kSplitColumns != 0 && !columns.empty()) ++broken.order;
      for (size_t c = columns.begin; c < columns.end; ++c) ++covered[c];
      const int64_t mine = bag * lines_of(columns.end - columns.begin) / lines_of(work[part].columns);
      cost[static_cast<size_t>(t)] += mine;
      total += mine;
      largest = std::max(largest, 2 * mine);  // pieces differ by a line, and are not cut further
    }
    broken.coverage += static_cast<int>(std::count_if(covered.begin(), covered.end(), [](int n) { return n != 1; }));
  }
  Shares::Group expected{0, 0};
  for (int t = 0; t < threads; ++t) {
    for (auto run = shares.first_run(t); !run.empty(); run = shares.next_run(t, run)) {
      if (Shares::Group{run.part, run.begin} < expected) ++broken.order;
      expected = {run.part, run.end};
      for (size_t g = run.begin; g < run.end; ++g) {
        ++owners[run.part][g];
        const int64_t group = cost_of(work[run.part], g);
        cost[static_cast<size_t>(t)] += group;
        total += group;
        largest = std::max(largest, group);
      }
    }
  }
  for (const auto& part : owners) {
    broken.coverage += static_cast<int>(std::count_if(part.begin(), part.end(), [](int n) { return n != 1; }));
  }
  // No thread has more than its share and one group.
  for (const int64_t mine : cost) {
    if (mine > total / threads + 1 + largest) ++broken.balance;
  }
  return broken;
}

}  // namespace

TEST_CASE("Shares: every group is covered exactly once, and threads differ by at most one group", "[base]") {
  std::mt19937 random(20240607);
  for (int round = 0; round < 600; ++round) {
    std::vector<PartBounds> parts;
    const size_t count = round % 2 ? 1 : random() % 12;
    for (size_t p = 0; p < count; ++p) {
      parts.push_back({random_bounds(random), 1 + static_cast<int64_t>(random() % 3) * 60,
                       static_cast<int64_t>(random() % 3) * 4, 1 + random() % 200});
    }
    const int threads = 1 + static_cast<int>(random() % 20);
    CAPTURE(round, threads, count);
    const Broken broken = broken_rules(parts, threads);
    CAPTURE(broken.coverage, broken.order, broken.huge, broken.balance);
    REQUIRE(broken == Broken{});
  }
}

TEST_CASE("Shares: no groups, and groups without elements", "[base]") {
  const int threads = GENERATE(1, 2, 9);
  const int64_t group_cost = GENERATE(0, 1);
  CAPTURE(threads, group_cost);
  CHECK(broken_rules({{{0}, 1, group_cost}}, threads) == Broken{});
  CHECK(broken_rules({{{7}, 1, group_cost}, {{0}, 1, group_cost}}, threads) == Broken{});
  CHECK(broken_rules({{Bounds(12, 3), 1, group_cost}}, threads) == Broken{});
  CHECK(broken_rules({}, threads) == Broken{});
}

TEST_CASE("Shares: a group above a fair share is huge, and a single thread knows none", "[base]") {
  const Bounds bounds = {0, 10, 1000, 1010, 1020};
  const Shares::Part part{bounds, 1, 0, 64};
  const Shares two({&part, 1}, 2);
  REQUIRE(two.huge().size() == 1);
  CHECK(two.huge()[0] == Shares::Group{0, 1});

  const Shares one({&part, 1}, 1);
  CHECK(one.huge().empty());
  const auto run = one.first_run(0);
  CHECK((run.begin == 0 && run.end == 4));
  CHECK(one.next_run(0, run).empty());
}

TEST_CASE("Shares: equal groups are dealt evenly", "[base]") {
  Bounds bounds(101);
  std::iota(bounds.begin(), bounds.end(), 0);
  const Shares::Part part{bounds, 1, 3};
  const Shares shares({&part, 1}, 4);
  for (int t = 0; t < 4; ++t) {
    CAPTURE(t);
    CHECK(shares.first_run(t).begin == 25 * static_cast<size_t>(t));
    CHECK(shares.first_run(t).end == 25 * static_cast<size_t>(t + 1));
  }
}

TEST_CASE("Shares: huge groups of narrow rows take turns, and threads differ little", "[base]") {
  // Three bags with three tenths of the work each, of rows that can be cut in two: four threads.
  Bounds bounds = {0, 300'000, 600'000, 900'000};
  for (int g = 0; g < 1000; ++g) bounds.push_back(bounds.back() + 100);
  const Shares::Part part{bounds, 128, 0, 32};
  const Shares shares({&part, 1}, 4);
  REQUIRE(shares.huge().size() == 3);
  std::vector<int64_t> cost(4, 0);
  for (int t = 0; t < 4; ++t) {
    for (size_t h = 0; h < 3; ++h) {
      const auto columns = shares.columns_of(t, h);
      cost[static_cast<size_t>(t)] += 300'000 * static_cast<int64_t>(columns.end - columns.begin) / 32;
    }
    for (auto run = shares.first_run(t); !run.empty(); run = shares.next_run(t, run)) {
      cost[static_cast<size_t>(t)] += bounds[run.end] - bounds[run.begin];
    }
  }
  // 1,000,000 in all: two threads have two halves of 150,000, two have one, and the small groups fill up.
  CHECK(*std::max_element(cost.begin(), cost.end()) <= 301'000);
}
