#include <windrow/nearest.h>

#include <array>
#include <limits>
#include <string_view>
#include <vector>

#include "support/catch.h"
#include "support/reference_nearest.h"
#include "support/targets.h"

using namespace windrow;

TEST_CASE("nearest: every similarity equals the reference on every target, for every dim", "[lookup]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (int64_t dim = 1; dim <= 33; ++dim) {
        const auto table = random_table(101, RowFormat::f32(dim), 1, false, 1);
        const auto query = row_of(table, 3);
        const auto wrapped = table.wrap();
        for (const auto similarity : kSimilarities) {
          const auto found = nearest(*wrapped, query, 20, {.similarity = similarity});
          REQUIRE(found);
          CAPTURE(dim, static_cast<int>(similarity));
          CHECK(same_answers(*found, expected_nearest(table, query, 20, similarity)));
        }
      }
    }
  }
}

TEST_CASE("nearest: rows of every format, one query and several, on every target", "[lookup]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const int64_t dim : {1, 5, 8, 33, 100}) {
        for (const auto& format : every_format(dim)) {
          const auto table = random_table(150, format, 1, false, 1);
          const auto queries = queries_of(table, {3, 140, 77});
          const auto wrapped = table.wrap();
          for (const auto similarity : kSimilarities) {
            const auto first = expected_nearest(table, query_at(queries, 0, dim), 20, similarity);
            CAPTURE(name_of(format), static_cast<int>(similarity));
            const auto one = nearest(*wrapped, query_at(queries, 0, dim), 20, {.similarity = similarity});
            REQUIRE(one);
            CHECK(same_answers(*one, first));
            const auto all =
                nearest(*wrapped, RowsIn(queries, static_cast<size_t>(dim)), 20, {.similarity = similarity});
            REQUIRE(all);
            REQUIRE(all->size() == 3);
            CHECK(same_answers((*all)[0], first));
            for (size_t q = 1; q < 3; ++q)
              CHECK(same_answers((*all)[q], expected_nearest(table, query_at(queries, q, dim), 20, similarity)));
          }
        }
      }
    }
  }
}

TEST_CASE("nearest: many queries at once give what each gives alone", "[lookup]") {
  const int64_t dim = 21;
  for (const auto& format : {RowFormat::f32(dim), RowFormat::int8(dim)}) {
    const auto table = random_table(2'000, format, 4);
    const auto wrapped = table.wrap();
    std::vector<float> queries;
    for (int64_t q = 0; q < 131; ++q) {
      const auto row = row_of(table, q * 7);
      queries.insert(queries.end(), row.begin(), row.end());
    }
    for (const auto similarity : kSimilarities) {
      for (const size_t count : {2, 3, 64, 65, 131}) {
        const auto some = std::span(queries).first(count * static_cast<size_t>(dim));
        const auto all = nearest(*wrapped, RowsIn(some, static_cast<size_t>(dim)), 7,
                                 {.similarity = similarity, .threads = 2});
        REQUIRE(all);
        REQUIRE(all->size() == count);
        for (size_t q = 0; q < count; ++q) {
          const auto alone =
              nearest(*wrapped, query_at(queries, q, dim), 7, {.similarity = similarity, .threads = 1});
          CAPTURE(name_of(format), count, q);
          CHECK(same_answers((*all)[q], *alone));
        }
      }
    }
  }
}

TEST_CASE("nearest: queries of 16-bit values, and in columns of a wider matrix", "[lookup]") {
  const auto table = random_table(300, RowFormat::f32(5), 2);
  const auto wrapped = table.wrap();
  std::vector<uint16_t> halves(2 * 7, 0x7e00);  // NaN where nobody reads
  std::vector<float> floats(2 * 7, std::numeric_limits<float>::quiet_NaN()), plain;
  for (size_t q = 0; q < 2; ++q) {
    for (size_t c = 0; c < 5; ++c) {
      halves[q * 7 + c] = static_cast<uint16_t>(0x3c00 + 16 * q + c);
      floats[q * 7 + c] = reference_f16(halves[q * 7 + c]);
      plain.push_back(floats[q * 7 + c]);
    }
  }
  const auto expected = nearest(*wrapped, RowsIn(plain, 5), 9);
  for (const RowsIn& queries : {RowsIn(floats, 7), RowsIn(halves, 7, ValueType::kF16)}) {
    const auto found = nearest(*wrapped, queries, 9);
    REQUIRE(found);
    for (size_t q = 0; q < 2; ++q) CHECK(same_answers((*found)[q], (*expected)[q]));
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
    CHECK(same_answers(*found, expected));
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

TEST_CASE("nearest: infinities and NaN in rows and queries are as the formula says, on every target", "[lookup]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const auto& format :
           {RowFormat::f32(19), RowFormat::f16(19), RowFormat::int8(19), RowFormat::fp8_e4m3(19)}) {
        const auto table = random_table(600, format, 3, true);
        const auto wrapped = table.wrap();
        for (const int64_t own : {0, 7, 99}) {
          for (const auto similarity : kSimilarities) {
            const auto query = row_of(table, own);
            const auto found = nearest(*wrapped, query, 600, {.similarity = similarity});
            REQUIRE(found);
            CAPTURE(name_of(format), own, static_cast<int>(similarity));
            CHECK(same_answers(*found, expected_nearest(table, query, 600, similarity)));
          }
        }
      }
    }
  }
}

TEST_CASE("nearest: more rows of one score than are wanted: the first ones, for any number of threads", "[lookup]") {
  const int64_t rows = 40'000, dim = 8;
  MemoryTable table(rows, RowFormat::f32(dim));
  for (int64_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < dim; ++c) table.set(r, c, r % 3 == 1 ? 1.0f : -1.0f);
  }
  const auto wrapped = table.wrap();
  const std::vector<float> query(dim, 1.0f);
  for (const auto similarity : kSimilarities) {
    for (const int threads : {1, 2, 5}) {
      const auto found = nearest(*wrapped, query, 50, {.similarity = similarity, .threads = threads});
      REQUIRE(found);
      REQUIRE(found->size() == 50);
      for (size_t i = 0; i < 50; ++i) CHECK((*found)[i].row == static_cast<int64_t>(3 * i + 1));
    }
  }
}

TEST_CASE("nearest: tables without rows, and requests without queries", "[lookup]") {
  const auto empty = Table::wrap(nullptr, 0, RowFormat::f32(2));
  const std::vector<float> query = {1, 0};
  CHECK(nearest(*empty, query, 5)->empty());
  CHECK(nearest(*empty, RowsIn(query, 2), 5)->front().empty());
  const std::vector<float> values = {1, 0};
  const auto table = Table::wrap(values.data(), 1, RowFormat::f32(2));
  CHECK(nearest(*table, RowsIn(), 5)->empty());
}

TEST_CASE("nearest: requests that make no sense are refused", "[lookup]") {
  const std::vector<float> values = {1, 0, 0.5, 0.5};
  const auto table = Table::wrap(values.data(), 2, RowFormat::f32(2));
  const std::vector<float> query = {1, 0};
  const std::vector<int64_t> none;
  const std::array<std::span<const int64_t>, 2> two_lists = {none, none};
  const std::vector<uint8_t> short_mask(1);
  const auto refused = [&](const NearestOptions& options, std::string_view message) {
    const auto found = nearest(*table, query, 1, options);
    REQUIRE(!found);
    CHECK(found.error().code == ErrorCode::kInvalidArgument);
    CHECK(found.error().message.find(message) != std::string::npos);
  };
  refused({.exclude_each = two_lists}, "exclude_each: has 2 lists for 1 queries");
  refused({.rows = {-1, 2}}, "rows: -1 to 2");
  refused({.rows = {2, 1}}, "rows: 2 to 1");
  refused({.accept = short_mask}, "accept: has 1 bytes, and the table has 2 rows");
  refused({.token_prefix = "a"}, "no vocabulary");
  CHECK(!nearest(*table, RowsIn(query, 1), 1));
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
