#include "table/init.h"

#include <array>
#include <bit>
#include <cmath>
#include <vector>

#include "support/catch.h"
#include "table/philox.h"

using namespace windrow;

namespace {

std::vector<float> row(const Init& init, uint64_t seed, int64_t rows, int64_t number, size_t dim) {
  std::vector<float> values(dim, 99);
  init_row(init, seed, rows, number, values);
  return values;
}

}  // namespace

TEST_CASE("philox: the known answers of its authors", "[table]") {
  using Words = std::array<uint32_t, 4>;
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  const uint32_t ones = 0xffffffff;
  CHECK(philox({ones, ones, ones, ones}, {ones, ones}) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("init: xavier_uniform has golden bits and keeps its bound", "[table]") {
  const auto first = row({}, 42, 1000, 0, 50);
  const uint32_t expected[] = {0x3c8be702, 0xbb9b9fcd, 0xbd8423bf, 0xbcc51863, 0x3d9702f8};
  for (size_t c = 0; c < 5; ++c) CHECK(std::bit_cast<uint32_t>(first[c]) == expected[c]);
  CHECK(std::bit_cast<uint32_t>(row({}, 42, 1000, 1, 50)[0]) == 0xbd97b323);
  CHECK(std::bit_cast<uint32_t>(row({}, 42, 1000, 999, 50)[49]) == 0xbd547a6b);
  const auto bound = std::bit_cast<float>(0x3d9ad073);
  for (int64_t r = 0; r < 1000; ++r) {
    for (const float x : row({}, 42, 1000, r, 50)) REQUIRE(std::fabs(x) <= bound);
  }
}

TEST_CASE("init: normal values have the quantiles, mean and deviation asked for", "[table]") {
  double sum = 0, squares = 0;
  int within = 0, tails = 0, count = 0;
  for (int64_t r = 0; r < 2000; ++r) {
    for (const float x : row({Init::Kind::kNormal, 0.5f}, 1, 2000, r, 50)) {
      sum += x;
      squares += double{x} * x;
      within += std::fabs(x) < 0.5f;
      tails += std::fabs(x) > 0.5f * 2.5758f;  // 1 % of a normal distribution
      ++count;
    }
  }
  CHECK(std::fabs(sum / count) < 0.01);
  CHECK(std::fabs(std::sqrt(squares / count) - 0.5) < 0.005);
  CHECK(std::fabs(double(within) / count - 0.6827) < 0.01);
  CHECK(std::fabs(double(tails) / count - 0.01) < 0.002);
}

TEST_CASE("init: normal values are the inverse of the distribution, to the bit", "[table]") {
  // The first words of seed 7 put through python's statistics.NormalDist().inv_cdf, rounded to float.
  const auto words = philox_block(7, 0, 0, 0);
  const auto values = row({Init::Kind::kNormal, 1.0f}, 7, 1, 0, 4);
  for (size_t c = 0; c < 4; ++c) {
    const double p = ((words[c] >> 8) + 0.5) * 0x1p-24;
    CHECK(std::fabs(0.5 * std::erfc(-double{values[c]} / std::sqrt(2.0)) - p) < 1e-7);
  }
}

TEST_CASE("init: constant, zeros and uniform", "[table]") {
  CHECK(row({Init::Kind::kConstant, 2.5f}, 1, 9, 3, 3) == std::vector<float>{2.5f, 2.5f, 2.5f});
  CHECK(row({Init::Kind::kZeros}, 1, 9, 3, 2) == std::vector<float>{0, 0});
  float lowest = 0, highest = 0;
  for (const float x : row({Init::Kind::kUniform, 0.25f}, 3, 1, 0, 4000)) {
    lowest = std::min(lowest, x);
    highest = std::max(highest, x);
  }
  CHECK((lowest >= -0.25f && lowest < -0.24f && highest < 0.25f && highest > 0.24f));
}

TEST_CASE("init: names read as the command line writes them", "[table]") {
  CHECK(init_text({}) == "xavier_uniform");
  CHECK(init_text({Init::Kind::kUniform, 0.1f}) == "uniform:0.1");
  CHECK(!check_init({Init::Kind::kNormal, -1}));
  CHECK(!check_init({Init::Kind::kConstant, std::nanf("")}));
}
