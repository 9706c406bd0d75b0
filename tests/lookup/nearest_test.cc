#include <windrow/nearest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "support/cases.h"
#include "support/catch.h"
#include "support/reference_lookup.h"
#include "support/targets.h"

using namespace windrow;

namespace {

std::vector<Neighbor> expected_nearest(const MemoryTable& table, const std::vector<float>& query, size_t k,
                                       Similarity similarity) {
  std::vector<Neighbor> all;
  for (int64_t r = 0; r < table.rows; ++r) {
    const auto row = row_of(table, r);
    float score = reference_dot(query, row);
    if (similarity == Similarity::kCosine) {
      const float norms = std::sqrt(reference_dot(query, query)) * std::sqrt(reference_dot(row, row));
      score = norms == 0 ? 0 : score / norms;
    }
    if (!std::isnan(score)) all.push_back({r, score});
  }
  std::sort(all.begin(), all.end(),
            [](const Neighbor& a, const Neighbor& b) { return a.score != b.score ? a.score > b.score : a.row < b.row; });
  all.resize(std::min(all.size(), k));
  return all;
}

bool equal(const std::vector<Neighbor>& a, const std::vector<Neighbor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Neighbor& x, const Neighbor& y) { return x.row == y.row && x.score == y.score; });
}

}  // namespace

TEST_CASE("nearest: cosine and dot equal the reference on every target", "[lookup]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const int64_t dim : {1, 7, 8, 50, 64}) {
        const auto table = random_table(700, RowFormat::f32(dim), 1, false, 1);
        const auto query = row_of(table, 3);
        const auto wrapped = table.wrap();
        for (const auto similarity : {Similarity::kCosine, Similarity::kDot}) {
          const auto found = nearest(*wrapped, query, 20, {.similarity = similarity});
          REQUIRE(found);
          CAPTURE(dim);
          CHECK(equal(*found, expected_nearest(table, query, 20, similarity)));
        }
      }
    }
  }
}

TEST_CASE("nearest: rows of every format", "[lookup]") {
  for (const auto& format : every_format(33)) {
    const auto table = random_table(3'000, format, 1, false, 1);
    const auto query = row_of(table, 3);
    const auto wrapped = table.wrap();
    for (const int threads : {1, 2}) {
      const auto found = nearest(*wrapped, query, 20, {.threads = threads});
      REQUIRE(found);
      CAPTURE(name_of(format), threads);
      CHECK(equal(*found, expected_nearest(table, query, 20, Similarity::kCosine)));
    }
  }
}

TEST_CASE("nearest: any number of threads gives the same, ties in order of rows", "[lookup]") {
  auto table = random_table(30'000, RowFormat::f32(16), 1);
  for (const int64_t twin : {5, 9000, 29'999}) std::copy_n(table.row(100), table.format.row_bytes(), table.row(twin));
  const auto query = row_of(table, 100);
  const auto wrapped = table.wrap();
  const auto expected = expected_nearest(table, query, 10, Similarity::kCosine);
  CHECK(expected[0].row == 5);
  for (const int threads : {1, 2, 3, 8}) {
    const auto found = nearest(*wrapped, query, 10, {.threads = threads});
    REQUIRE(found);
    CHECK(equal(*found, expected));
  }
}

TEST_CASE("nearest: excluded rows and rows with NaN are no answer, zeros have cosine 0", "[lookup]") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> values = {1, 0, 0.5, 0.5, nan, 1, 0, 0};
  const auto table = Table::wrap(values.data(), 4, RowFormat::f32(2));
  const std::vector<float> query = {1, 0};
  const std::vector<int64_t> exclude = {0};
  const auto found = nearest(*table, query, 10, {.exclude = exclude});
  REQUIRE(found);
  REQUIRE(found->size() == 2);
  CHECK((*found)[0].row == 1);
  CHECK((*found)[1].row == 3);
  CHECK((*found)[1].score == 0);
}

TEST_CASE("nearest: k of 0, k above the rows, and wrong queries", "[lookup]") {
  const std::vector<float> values = {1, 0, 0.5, 0.5};
  const auto table = Table::wrap(values.data(), 2, RowFormat::f32(2));
  const std::vector<float> query = {1, 0};
  CHECK(nearest(*table, query, 0)->empty());
  CHECK(nearest(*table, query, int64_t{1} << 60)->size() == 2);
  CHECK(!nearest(*table, query, -1));
  CHECK(!nearest(*table, std::vector<float>{1, 2, 3}, 1));
}
