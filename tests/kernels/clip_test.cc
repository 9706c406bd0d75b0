#include "kernels/clip.h"

#include <random>
#include <vector>

#include "support/catch.h"
#include "support/reference_optimizer.h"
#include "support/targets.h"

namespace {

using namespace windrow;

Vector some_gradient(size_t dim, uint64_t seed, bool special) {
  std::mt19937_64 random(seed);
  Vector g;
  for (size_t c = 0; c < dim; ++c) g.push_back(any_value(random, special));
  return g;
}

// In place, the values behind the row left alone.
Vector changed(void (*change)(float*, size_t, float), Vector g, float number) {
  const size_t dim = g.size();
  g.resize(dim + 16, 77);
  change(g.data(), dim, number);
  for (size_t c = dim; c < g.size(); ++c) REQUIRE(g[c] == 77);
  g.resize(dim);
  return g;
}

}  // namespace

TEST_CASE("clip: by value, by the norm of the row, and division, on every target", "[kernels]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const int64_t dim : kDims) {
        for (const bool special : {false, true}) {
          CAPTURE(dim, special);
          const Vector g = some_gradient(static_cast<size_t>(dim), static_cast<uint64_t>(dim), special);
          for (const float limit : {0.01f, 0.5f, 3.0f, 1e6f}) {
            Vector expected = g;
            reference_clip(expected, Clip::value(limit));
            CHECK(same_bits(changed(kernels::clip_values(), g, limit), expected));
            expected = g;
            reference_clip(expected, Clip::row_norm(limit));
            CHECK(same_bits(changed(kernels::clip_row_norm(), g, limit), expected));
          }
          Vector expected = g;
          for (float& x : expected) x = x / 3.0f;
          CHECK(same_bits(changed(kernels::divide_values(), g, 3), expected));
        }
      }
    }
  }
}

TEST_CASE("clip: NaN stays, infinity is clipped by value, and the sign of zero is kept", "[kernels]") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  for (const auto target : every_target()) {
    const ScopedTarget scope(target);
    CAPTURE(hwy::TargetName(target));
    CHECK(same_bits(changed(kernels::clip_values(), {nan, infinity, -infinity, -0.0f, 2, -2, 0.5f}, 1),
                    {nan, 1, -1, -0.0f, 1, -1, 0.5f}));
    // A norm of exactly the limit is not above it.
    CHECK(same_bits(changed(kernels::clip_row_norm(), {3, 4}, 5), {3, 4}));
    CHECK(same_bits(changed(kernels::clip_row_norm(), {6, 8}, 5), {3, 4}));
    // NaN is not above any limit, so the row stays.
    CHECK(same_bits(changed(kernels::clip_row_norm(), {nan, 8}, 5), {nan, 8}));
  }
}
