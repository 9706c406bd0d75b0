#include "train/coalesce.h"

#include <map>
#include <random>

#include "support/catch.h"

using namespace windrow;

namespace {

// By row, the sources of its positions in order.
std::map<int64_t, std::vector<uint64_t>> as_map(const Coalescer& from) {
  std::map<int64_t, std::vector<uint64_t>> result;
  int64_t last = -1;
  for (size_t r = 0; r < from.rows(); ++r) {
    CHECK(from.row(r) > last);
    last = from.row(r);
    for (auto i = from.bounds()[r]; i < from.bounds()[r + 1]; ++i) {
      result[last].push_back(from.source(static_cast<size_t>(i)));
    }
  }
  return result;
}

// Padding is left out.
void run(Coalescer& coalescer, Ids ids, std::optional<int64_t> padding, int64_t rows, int threads,
         std::span<const int64_t> bounds = {}) {
  const Positions positions{ids, {padding, rows, false}, bounds};
  REQUIRE(coalescer.reserve(positions, rows, threads));
  coalescer.run(positions, threads);
}

}  // namespace

TEST_CASE("coalesce: rows ascend and the positions of a row keep their order", "[train]") {
  std::mt19937_64 random(1);
  Coalescer coalescer;  // one for all: its memory is used again
  for (const int64_t rows : {int64_t{1}, int64_t{2}, int64_t{1000}, int64_t{1} << 22, int64_t{1} << 40}) {
    for (const size_t count : {0, 1, 17, 50'000}) {
      std::vector<int64_t> ids;
      for (size_t i = 0; i < count; ++i) {
        const auto id = static_cast<int64_t>(random() % static_cast<uint64_t>(rows));
        ids.push_back(random() % 3 ? id : rows - 1);
      }
      std::map<int64_t, std::vector<uint64_t>> expected, expected_unpadded;
      for (size_t i = 0; i < count; ++i) {
        expected[ids[i]].push_back(i);
        if (ids[i] != 0) expected_unpadded[ids[i]].push_back(i);
      }
      for (const int threads : {1, 2, 3, 8}) {
        CAPTURE(rows, count, threads);
        const Ids view{std::span<const int64_t>(ids)};
        run(coalescer, view, {}, rows, threads);
        CHECK(coalescer.occurrences() == count);
        CHECK(as_map(coalescer) == expected);
        run(coalescer, view, 0, rows, threads);
        CHECK(as_map(coalescer) == expected_unpadded);
      }
    }
  }
}

TEST_CASE("coalesce: with bags the source of a position is its bag", "[train]") {
  const std::vector<int32_t> ids = {5, 1, 5, 1, 1, 7};
  const std::vector<int64_t> bounds = {0, 0, 2, 5, 5, 6, 6};
  Coalescer coalescer;
  run(coalescer, std::span<const int32_t>(ids), {}, 8, 1, bounds);
  const std::map<int64_t, std::vector<uint64_t>> expected = {{1, {1, 2, 2}}, {5, {1, 2}}, {7, {4}}};
  CHECK(as_map(coalescer) == expected);
}

TEST_CASE("coalesce: a batch whose keys need more than 64 bits is refused", "[train]") {
  const std::vector<int64_t> ids = {1, 2, 3};
  Coalescer coalescer;
  const Positions positions{std::span<const int64_t>(ids), {}, {}};
  CHECK(coalescer.reserve(positions, int64_t{1} << 62, 1));
  const auto refused = coalescer.reserve(positions, (int64_t{1} << 62) + 1, 1);
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("coalesce: occurrences may be dropped afterwards, and rows without any go with them", "[train]") {
  const std::vector<int64_t> ids = {5, 1, 5, 1, 1, 7};
  Coalescer coalescer;
  run(coalescer, std::span<const int64_t>(ids), {}, 8, 1);
  const std::vector<uint8_t> keep = {0, 1, 1, 0, 1, 0};
  coalescer.keep(keep);
  CHECK(coalescer.occurrences() == 3);
  const std::map<int64_t, std::vector<uint64_t>> expected = {{1, {1, 4}}, {5, {2}}};
  CHECK(as_map(coalescer) == expected);
}

TEST_CASE("coalesce: bad ids that are skipped are left out", "[train]") {
  const std::vector<int64_t> ids = {5, -1, 8, 5, INT64_MIN, INT64_MAX, 0};
  for (const int threads : {1, 2, 3}) {
    Coalescer coalescer;
    const Positions positions{std::span<const int64_t>(ids), {std::nullopt, 8, true}, {}};
    REQUIRE(coalescer.reserve(positions, 8, threads));
    coalescer.run(positions, threads);
    const std::map<int64_t, std::vector<uint64_t>> expected = {{0, {6}}, {5, {0, 3}}};
    CHECK(as_map(coalescer) == expected);
  }
}
