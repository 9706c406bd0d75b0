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

// The rules of the header, for one sharing. Plain counters: thousands of CHECKs would take most of the time.
struct Broken {
  int coverage = 0, order = 0, huge = 0, balance = 0;
  bool operator==(const Broken&) const = default;
};

Broken broken_rules(const Bounds& bounds, int threads, int64_t group_cost) {
  const size_t groups = bounds.size() - 1;
  const Shares shares(bounds, threads, group_cost);
  const std::vector<size_t> huge(shares.huge().begin(), shares.huge().end());
  Broken broken;

  if (!std::is_sorted(huge.begin(), huge.end()) || std::adjacent_find(huge.begin(), huge.end()) != huge.end()) {
    ++broken.order;
  }
  if (static_cast<int>(huge.size()) >= threads) ++broken.huge;
  const int64_t fair = (bounds.back() - bounds.front()) / threads;
  for (size_t g = 0; g < groups; ++g) {
    if (shares.is_huge(g) != std::binary_search(huge.begin(), huge.end(), g)) ++broken.huge;
    if (shares.is_huge(g) && size_of(bounds, g) <= fair) ++broken.huge;
  }

  // Each group belongs to one thread, or is huge and belongs to all by columns.
  std::vector<int> owners(groups, 0);
  std::vector<int64_t> cost(static_cast<size_t>(threads), 0);
  int64_t total = 0, largest = 0;
  size_t expected_begin = 0;
  for (int t = 0; t < threads; ++t) {
    const auto [begin, end] = shares.groups_of(t);
    if (begin != expected_begin || end < begin || end > groups) {
      ++broken.order;
      break;
    }
    expected_begin = end;
    for (size_t g = begin; g < end; ++g) {
      ++owners[g];
      if (shares.is_huge(g)) continue;
      const int64_t group = size_of(bounds, g) + group_cost;
      cost[static_cast<size_t>(t)] += group;
      total += group;
      largest = std::max(largest, group);
    }
  }
  if (expected_begin != groups) ++broken.coverage;
  broken.coverage += static_cast<int>(std::count_if(owners.begin(), owners.end(), [](int n) { return n != 1; }));

  // No thread has more than its share and one group.
  for (const int64_t mine : cost) {
    if (mine > total / threads + 1 + largest) ++broken.balance;
  }
  return broken;
}

}  // namespace

TEST_CASE("Shares: every group is covered exactly once, and threads differ by at most one group", "[base]") {
  std::mt19937 random(20240607);
  for (int round = 0; round < 400; ++round) {
    const Bounds bounds = random_bounds(random);
    const int threads = 1 + static_cast<int>(random() % 20);
    const int64_t group_cost = static_cast<int64_t>(random() % 3) * 4;
    CAPTURE(round, bounds.size(), threads, group_cost);
    const Broken broken = broken_rules(bounds, threads, group_cost);
    CAPTURE(broken.coverage, broken.order, broken.huge, broken.balance);
    REQUIRE(broken == Broken{});
  }
}

TEST_CASE("Shares: no groups, and groups without elements", "[base]") {
  const int threads = GENERATE(1, 2, 9);
  const int64_t group_cost = GENERATE(0, 1);
  CAPTURE(threads, group_cost);
  CHECK(broken_rules({0}, threads, group_cost) == Broken{});
  CHECK(broken_rules({7}, threads, group_cost) == Broken{});
  CHECK(broken_rules(Bounds(12, 3), threads, group_cost) == Broken{});
  CHECK(Shares(Bounds(12, 3), threads, group_cost).huge().empty());
}

TEST_CASE("Shares: a group above a fair share is huge, and a single thread knows none", "[base]") {
  const Bounds bounds = {0, 10, 1000, 1010, 1020};
  const Shares two(bounds, 2, 0);
  REQUIRE(two.huge().size() == 1);
  CHECK(two.huge()[0] == 1);
  CHECK(two.is_huge(1));
  CHECK_FALSE(two.is_huge(0));
  CHECK_FALSE(two.is_huge(3));

  const Shares one(bounds, 1, 0);
  CHECK(one.huge().empty());
  CHECK(one.groups_of(0).begin == 0);
  CHECK(one.groups_of(0).end == 4);
}

TEST_CASE("Shares: equal groups are dealt evenly", "[base]") {
  Bounds bounds(101);
  std::iota(bounds.begin(), bounds.end(), 0);
  const Shares shares(bounds, 4, 3);
  for (int t = 0; t < 4; ++t) {
    CAPTURE(t);
    CHECK(shares.groups_of(t).begin == 25 * static_cast<size_t>(t));
    CHECK(shares.groups_of(t).end == 25 * static_cast<size_t>(t + 1));
  }
}

TEST_CASE("columns_of: every column is covered exactly once, at multiples of a cache line", "[base]") {
  int wrong = 0;
  for (const size_t dim : {1, 3, 8, 15, 16, 17, 31, 64, 85, 129, 163, 1024}) {
    for (int threads = 1; threads <= 20; ++threads) {
      size_t expected_begin = 0;
      for (int t = 0; t < threads; ++t) {
        const auto [begin, end] = columns_of(t, threads, dim);
        if (begin != expected_begin || end < begin) ++wrong;
        if (begin % 16 != 0 && begin != dim) ++wrong;
        expected_begin = end;
      }
      if (expected_begin != dim) ++wrong;
    }
  }
  CHECK(wrong == 0);
}
