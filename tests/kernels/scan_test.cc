#include "kernels/scan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "support/cases.h"
#include "support/catch.h"
#include "support/reference_lookup.h"
#include "support/targets.h"

using namespace windrow;
using kernels::Measure;

namespace {

constexpr Measure kMeasures[] = {Measure::kCosine, Measure::kDot, Measure::kDistance};
constexpr RowFormat::Kind kScanned[] = {RowFormat::Kind::kF32, RowFormat::Kind::kF16, RowFormat::Kind::kBf16,
                                        RowFormat::Kind::kInt8};

float reference_measure(Measure measure, const std::vector<float>& query, const std::vector<float>& row) {
  if (measure == Measure::kDistance) {
    std::vector<float> differences;
    for (size_t c = 0; c < row.size(); ++c) differences.push_back(query[c] - row[c]);
    return -std::sqrt(reference_dot(differences, differences));
  }
  const float dot = reference_dot(query, row);
  if (measure == Measure::kDot) return dot;
  const float norms = std::sqrt(reference_dot(query, query)) * std::sqrt(reference_dot(row, row));
  return norms == 0 ? 0 : dot / norms;
}

// Queries as the kernel takes them.
struct PaddedQueries {
  std::vector<std::vector<float>> each;
  std::vector<float> values;
  std::vector<float> norms;

  PaddedQueries(size_t count, size_t dim, std::mt19937_64& random, bool special) {
    for (size_t q = 0; q < count; ++q) {
      std::vector<float> query;
      for (size_t c = 0; c < dim; ++c) query.push_back(any_value(random, special));
      norms.push_back(std::sqrt(reference_dot(query, query)));
      values.insert(values.end(), query.begin(), query.end());
      values.resize((q + 1) * kernels::padded_columns(dim), 0.0f);
      each.push_back(query);
    }
  }
};

// Every row of the table, in order.
std::vector<const uint8_t*> addresses(const MemoryTable& table) {
  std::vector<const uint8_t*> rows;
  for (int64_t r = 0; r < table.rows; ++r) rows.push_back(table.row(r));
  return rows;
}

std::vector<float> scanned(const MemoryTable& table, const std::vector<const uint8_t*>& rows, size_t count,
                           size_t ahead, const PaddedQueries& queries, Measure measure) {
  // Room for what a kernel must not write.
  std::vector<float> scores(queries.each.size() * count + 16, -77.0f);
  kernels::scan_rows(table.format.kind, measure)(
      {rows.data(), count, ahead, table.format.row_bytes(), static_cast<size_t>(table.format.dim),
       queries.values.data(), queries.norms.data(), queries.each.size()},
      scores.data());
  for (size_t i = queries.each.size() * count; i < scores.size(); ++i) CHECK(scores[i] == -77.0f);
  scores.resize(queries.each.size() * count);
  return scores;
}

void check_scan(const MemoryTable& table, size_t queries_count, bool special) {
  std::mt19937_64 random(table.bytes.size());
  const auto dim = static_cast<size_t>(table.format.dim), count = static_cast<size_t>(table.rows);
  const PaddedQueries queries(queries_count, dim, random, special);
  const auto rows = addresses(table);
  for (const auto measure : kMeasures) {
    std::vector<float> expected;
    for (const auto& query : queries.each) {
      for (int64_t r = 0; r < table.rows; ++r) expected.push_back(reference_measure(measure, query, row_of(table, r)));
    }
    CAPTURE(name_of(table.format), static_cast<int>(measure), queries_count);
    CHECK(same_bits(scanned(table, rows, count, 0, queries, measure), expected));
  }
}

}  // namespace

TEST_CASE("scan: every measure equals the reference on every target, for every dim", "[kernels]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const auto kind : kScanned) {
        for (int64_t dim = 1; dim <= 41; ++dim)
          check_scan(random_table(8, RowFormat::of(kind, dim), static_cast<uint64_t>(dim), false, 1), 3, false);
        for (const int64_t dim : {64, 100, 163, 300})
          check_scan(random_table(4, RowFormat::of(kind, dim), 1), 2, false);
      }
    }
  }
}

TEST_CASE("scan: infinities, NaN and zeros of both signs in rows and queries, on every target", "[kernels]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const auto kind : kScanned) {
        for (const int64_t dim : {1, 4, 7, 16, 21})
          check_scan(random_table(64, RowFormat::of(kind, dim), 5, true), 5, true);
      }
    }
  }
}

TEST_CASE("scan: any number of queries and of rows", "[kernels]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const size_t queries : {1, 2, 3, 4, 5, 64}) {
        for (const int64_t rows : {4, 12, 64, 256})
          check_scan(random_table(rows, RowFormat::f32(9), 3), queries, false);
      }
    }
  }
}

TEST_CASE("scan: rows of zeros, queries of zeros, and rows that are the query", "[kernels]") {
  const int64_t dim = 13;
  MemoryTable table(4, RowFormat::f32(dim));
  std::mt19937_64 random(4);
  PaddedQueries queries(2, dim, random, false);
  std::fill_n(queries.values.begin(), dim, 0.0f);
  queries.norms[0] = 0;
  for (size_t c = 0; c < dim; ++c) table.set(1, c, queries.each[1][c]);
  for (size_t c = 0; c < dim; ++c) table.set(2, c, -0.0f);
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      const auto rows = addresses(table);
      const auto cosines = scanned(table, rows, 4, 0, queries, Measure::kCosine);
      for (const size_t i : {0, 1, 2, 3, 4, 6, 7}) CHECK((cosines[i] == 0 && !std::signbit(cosines[i])));
      CHECK(std::abs(cosines[5] - 1) < 1e-6f);
      CHECK(scanned(table, rows, 4, 0, queries, Measure::kDistance)[5] == 0);
    }
  }
}

TEST_CASE("scan: what is fetched ahead, and the order of rows, change nothing", "[kernels]") {
  const auto table = random_table(24, RowFormat::int8(33), 2, false, 3);
  std::mt19937_64 random(2);
  const PaddedQueries queries(7, 33, random, false);
  auto rows = addresses(table);
  const auto plain = scanned(table, rows, 12, 0, queries, Measure::kCosine);
  CHECK(same_bits(scanned(table, rows, 12, 12, queries, Measure::kCosine), plain));
  std::reverse(rows.begin(), rows.begin() + 12);
  const auto reversed = scanned(table, rows, 12, 0, queries, Measure::kCosine);
  for (size_t q = 0; q < 7; ++q) {
    for (size_t i = 0; i < 12; ++i) CHECK(reversed[q * 12 + i] == plain[q * 12 + 11 - i]);
  }
}

TEST_CASE("scan: nothing is read before or behind a row", "[kernels]") {
  // Rows of their own allocations, as long as they are: an address sanitizer sees what is read beside them.
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const auto kind : kScanned) {
        for (int64_t dim = 1; dim <= 19; ++dim) {
          const auto table = random_table(4, RowFormat::of(kind, dim), 6);
          std::vector<std::vector<uint8_t>> copies;
          std::vector<const uint8_t*> apart;
          for (int64_t r = 0; r < 4; ++r)
            copies.emplace_back(table.row(r), table.row(r) + table.format.row_bytes());
          for (const auto& copy : copies) apart.push_back(copy.data());
          std::mt19937_64 random(6);
          const PaddedQueries queries(3, static_cast<size_t>(dim), random, false);
          for (const auto measure : kMeasures) {
            CAPTURE(name_of(table.format), static_cast<int>(measure));
            CHECK(same_bits(scanned(table, apart, 4, 0, queries, measure),
                            scanned(table, addresses(table), 4, 0, queries, measure)));
          }
        }
      }
    }
  }
}

TEST_CASE("scan: other rows must be decoded first", "[kernels]") {
  for (const auto& format : every_format(16)) {
    const bool is_scanned = std::find(std::begin(kScanned), std::end(kScanned), format.kind) != std::end(kScanned);
    for (const auto measure : kMeasures) CHECK((kernels::scan_rows(format.kind, measure) != nullptr) == is_scanned);
  }
}
