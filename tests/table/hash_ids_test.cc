#include <windrow/hash_ids.h>

#include <string>
#include <vector>

#include "support/catch.h"

using namespace windrow;

TEST_CASE("hash_ids: ids are XXH3 of the eight bytes of a key, modulo the rows", "[table]") {
  const std::vector<uint64_t> keys = {0, 1, 0x0123456789abcdef, ~uint64_t{0}};
  std::vector<int64_t> ids(4);
  REQUIRE(hash_ids(keys, 1'000'003, 0, ids));
  CHECK(ids == std::vector<int64_t>{257672, 513694, 876597, 395957});
  REQUIRE(hash_ids(keys, int64_t{1} << 40, 42, ids));
  CHECK(ids == std::vector<int64_t>{555795147566, 956835550203, 740374516122, 654238052510});
  REQUIRE(hash_ids(keys, 1, 7, ids));
  CHECK(ids == std::vector<int64_t>(4, 0));
}

TEST_CASE("hash_ids: wrong sizes are refused, and nothing is written", "[table]") {
  const std::vector<uint64_t> keys = {1, 2};
  std::vector<int64_t> ids(2, 77);
  const auto no_rows = hash_ids(keys, 0, 0, ids);
  REQUIRE(!no_rows);
  CHECK(no_rows.error().code == ErrorCode::kInvalidArgument);
  CHECK(!hash_ids(keys, 5, 0, std::span(ids).first(1)));
  CHECK(ids == std::vector<int64_t>(2, 77));
}
