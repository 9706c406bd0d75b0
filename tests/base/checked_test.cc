#include "base/checked.h"

#include <cstdint>
#include <limits>

#include "support/catch.h"

using namespace windrow;

namespace {
constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
}

TEST_CASE("checked_add: a sum that fits is given, one that wraps is not", "[base]") {
  CHECK(checked_add(0, 0) == 0u);
  CHECK(checked_add(2, 3) == 5u);
  CHECK(checked_add(kMax, 0) == kMax);
  CHECK(checked_add(kMax - 7, 7) == kMax);
  CHECK_FALSE(checked_add(kMax, 1).has_value());
  CHECK_FALSE(checked_add(1, kMax).has_value());
  CHECK_FALSE(checked_add(kMax, kMax).has_value());
}

TEST_CASE("checked_mul: a product that fits is given, one that wraps is not", "[base]") {
  constexpr uint64_t kHalf = uint64_t{1} << 32;
  CHECK(checked_mul(0, kMax) == 0u);
  CHECK(checked_mul(kMax, 1) == kMax);
  CHECK(checked_mul(kHalf, kHalf - 1) == kMax - kHalf + 1);
  CHECK(checked_mul(kMax / 3, 3) == kMax);
  CHECK_FALSE(checked_mul(kHalf, kHalf).has_value());
  CHECK_FALSE(checked_mul(kMax / 3 + 1, 3).has_value());
  CHECK_FALSE(checked_mul(kMax, kMax).has_value());
}

TEST_CASE("round_up: gives the next multiple, and a multiple itself", "[base]") {
  CHECK(round_up(0, 4096) == 0u);
  CHECK(round_up(1, 4096) == 4096u);
  CHECK(round_up(4095, 4096) == 4096u);
  CHECK(round_up(4096, 4096) == 4096u);
  CHECK(round_up(4097, 4096) == 8192u);
  CHECK(round_up(10, 3) == 12u);
  CHECK(round_up((uint64_t{1} << 63) - 1, 4096) == uint64_t{1} << 63);
}
