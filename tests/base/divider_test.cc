#include "base/divider.h"

#include <random>

#include "support/catch.h"

using namespace windrow;

TEST_CASE("Divider: quotients are those of division, at the ends of the range too", "[base]") {
  std::mt19937_64 random(1);
  int wrong = 0;
  for (int round = 0; round < 100'000; ++round) {
    const uint64_t divisor = 1 + (random() >> (random() % 64)) % std::numeric_limits<uint64_t>::max();
    const Divider divider(divisor);
    const uint64_t n = random() >> (random() % 64), multiple = n / divisor * divisor;
    for (const uint64_t dividend : {n, multiple, multiple - 1, multiple + divisor - 1, uint64_t{0}, ~uint64_t{0}}) {
      if (divider.quotient(dividend) != dividend / divisor) ++wrong;
    }
  }
  CHECK(wrong == 0);
  CHECK(Divider().quotient(77) == 77);
}
