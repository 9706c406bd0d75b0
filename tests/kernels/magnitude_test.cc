#include "kernels/magnitude.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "support/cases.h"
#include "support/catch.h"
#include "support/loose_rows.h"
#include "support/reference_rounding.h"
#include "support/targets.h"

namespace {

using namespace windrow;

uint32_t magnitude_bits(float value) { return std::bit_cast<uint32_t>(value) & 0x7fffffff; }

constexpr uint32_t kLargestFinite = 0x7f7fffff;

}  // namespace

TEST_CASE("largest_magnitude: of any number of values at any address, on every target", "[kernels]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (size_t count = 0; count < 100; ++count) {
        CAPTURE(count);
        std::mt19937_64 random(count);
        LooseRows floats(1, count), halves(2, count, 2);
        uint32_t expected = 0, expected_f16 = 0, expected_bf16 = 0;
        for (size_t i = 0; i < count; ++i) {
          const float value = any_value(random, false);
          floats.set(0, i, value);
          expected = std::max(expected, magnitude_bits(value));
          const uint16_t f16 = reference_to_f16(value), bf16 = reference_to_bf16(value);
          halves.set(0, i, f16);
          halves.set(1, i, bf16);
          expected_f16 = std::max(expected_f16, magnitude_bits(reference_f16(f16)));
          expected_bf16 = std::max(expected_bf16, magnitude_bits(reference_bf16(bf16)));
        }
        CHECK(kernels::largest_magnitude(ValueType::kF32)(floats.row(0), count) == expected);
        CHECK(kernels::largest_magnitude(ValueType::kF16)(halves.row(0), count) == expected_f16);
        CHECK(kernels::largest_magnitude(ValueType::kBf16)(halves.row(1), count) == expected_bf16);
      }
    }
  }
}

TEST_CASE("largest_magnitude: one NaN or infinity anywhere shows, of either sign", "[kernels]") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const size_t count : {1, 5, 17, 64, 75}) {
        for (size_t at = 0; at < count; ++at) {
          for (const float bad : {nan, -nan, infinity, -infinity}) {
            CAPTURE(count, at, bad);
            std::vector<float> values(count, -3e38f);
            const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
            CHECK(kernels::largest_magnitude(ValueType::kF32)(bytes, count) <= kLargestFinite);
            values[at] = bad;
            CHECK(kernels::largest_magnitude(ValueType::kF32)(bytes, count) > kLargestFinite);
            for (const auto type : {ValueType::kF16, ValueType::kBf16}) {
              std::vector<uint16_t> codes(count, 0xfbff);  // finite in both: -65504 and -2.7e36
              const auto* of_codes = reinterpret_cast<const uint8_t*>(codes.data());
              CHECK(kernels::largest_magnitude(type)(of_codes, count) <= kLargestFinite);
              codes[at] = reference_nearest(type, bad);
              CHECK(kernels::largest_magnitude(type)(of_codes, count) > kLargestFinite);
            }
          }
        }
      }
    }
  }
}
