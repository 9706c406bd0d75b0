#include "kernels/stochastic.h"

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

constexpr ValueType kTypes[] = {ValueType::kF16, ValueType::kBf16};

std::vector<uint32_t> words_of(uint64_t seed, uint32_t stream, int64_t row, size_t columns) {
  std::vector<uint32_t> words(columns + kernels::kRandomSlack + 8, 77);
  kernels::random_words()(seed, stream, row, columns, words.data());
  for (size_t i = columns + kernels::kRandomSlack; i < words.size(); ++i) REQUIRE(words[i] == 77);
  words.resize(columns);
  return words;
}

std::vector<uint16_t> rounded(ValueType type, const std::vector<float>& values,
                              const std::vector<uint32_t>& words) {
  LooseRows out(1, values.size(), 2);
  kernels::round_stochastically(type)(values.data(), words.data(), values.size(), out.row(0));
  REQUIRE(out.guards_stand(2 * values.size()));
  return out.get_row<uint16_t>(0, values.size());
}

uint32_t part_bits(ValueType type) { return type == ValueType::kF16 ? 13 : 16; }

// Any bits of a float; half of them of sizes that f16 has.
float any_float(std::mt19937_64& random) {
  const auto bits = static_cast<uint32_t>(random());
  if (random() % 2) return std::bit_cast<float>(bits);
  return std::ldexp(static_cast<float>(bits >> 8), -40 + static_cast<int>(random() % 34)) * (bits & 1 ? -1.0f : 1.0f);
}

}  // namespace

// Salmon, Moraes, Dror and Shaw: kat_vectors of Random123, philox4x32 with 10 rounds.
TEST_CASE("philox: the known answers of its authors", "[kernels]") {
  using Words = std::array<uint32_t, 4>;
  CHECK(reference_philox({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(reference_philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(reference_philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("random_words: the words of Philox on every target, at every number of columns", "[kernels]") {
  CHECK(words_of(0, 0, 0, 4) == std::vector<uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(words_of(42, 1, 7, 4) == std::vector<uint32_t>{0xffad12c7, 0xa7f156b9, 0xf7ca9584, 0x9d2facd9});
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const auto& [seed, stream, row] : {std::tuple<uint64_t, uint32_t, int64_t>{0, 1, 0},
                                              {42, 1, 7},
                                              {0x0123456789abcdef, 0xfffffffe, (int64_t{1} << 40) + 12345},
                                              {~uint64_t{0}, ~uint32_t{0}, INT64_MAX}}) {
        for (size_t columns = 1; columns < 200; columns += columns < 40 ? 1 : 13) {
          CAPTURE(seed, stream, row, columns);
          std::vector<uint32_t> expected;
          for (size_t c = 0; c < columns; ++c) expected.push_back(reference_word(seed, stream, row, c));
          CHECK(words_of(seed, stream, row, columns) == expected);
        }
      }
    }
  }
}

TEST_CASE("round_stochastically: golden roundings of seed 42, step 1, row 7", "[kernels]") {
  struct Golden {
    ValueType type;
    float value;
    std::vector<uint16_t> codes;
  };
  const Golden goldens[] = {
      {ValueType::kBf16, 1.001f, {0x3f80, 0x3f80, 0x3f80, 0x3f80}},
      {ValueType::kBf16, 0.1f, {0x3dcc, 0x3dcd, 0x3dcd, 0x3dcd}},
      {ValueType::kF16, 1.0004f, {0x3c00, 0x3c01, 0x3c01, 0x3c00}},
      {ValueType::kF16, 3e-6f, {0x0032, 0x0033, 0x0033, 0x0032}},
  };
  for (const auto target : every_target()) {
    const ScopedTarget scope(target);
    CAPTURE(hwy::TargetName(target));
    for (const auto& golden : goldens) {
      CAPTURE(golden.value);
      CHECK(rounded(golden.type, std::vector<float>(4, golden.value), words_of(42, 1, 7, 4)) == golden.codes);
    }
  }
}

TEST_CASE("round_stochastically: the bits of the reference, for any float and any word", "[kernels]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      std::mt19937_64 random(11);
      for (const auto type : kTypes) {
        for (size_t count = 1; count < 3000; count = count < 40 ? count + 1 : 3 * count) {
          std::vector<float> values;
          std::vector<uint32_t> words;
          std::vector<uint16_t> expected;
          for (size_t i = 0; i < count; ++i) {
            values.push_back(any_float(random));
            words.push_back(random() % 8 ? static_cast<uint32_t>(random()) : random() % 2 ? ~0u : 0u);
            expected.push_back(reference_stochastic(type, values[i], words[i]));
          }
          CAPTURE(static_cast<int>(type), count);
          CHECK(rounded(type, values, words) == expected);
        }
      }
    }
  }
}

TEST_CASE("round_stochastically: what a code holds never moves, and what is beyond them is rounded to nearest",
          "[kernels]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const auto type : kTypes) {
        std::vector<float> values;
        std::vector<uint16_t> expected;
        for (uint32_t code = 0; code < 1 << 16; ++code) {
          const float value = reference_widened(type, static_cast<uint16_t>(code));
          values.push_back(value);
          expected.push_back(reference_nearest(type, value));  // which is the code itself, but for NaN
        }
        const float f16_largest = 65504, beyond = 65519.996f;
        for (const float value : {f16_largest, beyond, -beyond, 65520.0f, 3.4e38f, -3.4e38f}) {
          if (type == ValueType::kBf16 && std::fabs(value) < 1e38f) continue;
          values.push_back(value);
          expected.push_back(reference_nearest(type, value));
        }
        for (const uint32_t word : {0u, ~0u, 0x1234567u}) {
          CHECK(rounded(type, values, std::vector<uint32_t>(values.size(), word)) == expected);
        }
      }
    }
  }
}

TEST_CASE("round_stochastically: over all words the mean is exact", "[kernels]") {
  for (const auto type : kTypes) {
    const uint32_t all = 1u << part_bits(type);
    // Between two codes, where the parts are whole: of normal numbers, of subnormal ones, across the border.
    const std::vector<uint16_t> codes =
        type == ValueType::kF16 ? std::vector<uint16_t>{0x3c00, 0x0032, 0x03ff, 0x0000, 0x7bfe}
                                : std::vector<uint16_t>{0x3f80, 0x0032, 0x007f, 0x0000, 0x7f7e};
    for (const uint16_t code : codes) {
      const double low = reference_widened(type, code), high = reference_widened(type, static_cast<uint16_t>(code + 1));
      for (const uint32_t part : {1u, 100u, all / 3, all / 2, all - 1}) {
        for (const float sign : {1.0f, -1.0f}) {
          const auto value = static_cast<float>(low + (high - low) * part / all) * sign;
          std::vector<float> values(all, value);
          std::vector<uint32_t> words(all);
          for (uint32_t w = 0; w < all; ++w) words[w] = w | 0xabcd0000u;  // only the low bits count
          uint32_t away = 0;
          for (const uint16_t got : rounded(type, values, words)) away += (got & 0x7fff) == code + 1;
          CAPTURE(static_cast<int>(type), code, part, sign);
          CHECK(away == part);
        }
      }
    }
  }
}

TEST_CASE("round_stochastically: with the words of many rows and steps the mean is right", "[kernels]") {
  constexpr size_t kColumns = 64;
  constexpr int kDraws = 2000;
  for (const auto type : kTypes) {
    const float value = 0.1f;
    double sum = 0;
    for (int draw = 0; draw < kDraws; ++draw) {
      const auto words = words_of(3, static_cast<uint32_t>(1 + draw % 40), draw / 40, kColumns);
      for (const uint16_t code : rounded(type, std::vector<float>(kColumns, value), words)) {
        sum += reference_widened(type, code);
      }
    }
    const double count = kDraws * static_cast<double>(kColumns);
    const double spacing = type == ValueType::kF16 ? 0x1p-14 : 0x1p-11;  // of codes around 0.1
    // The standard deviation of a draw is at most half a spacing; five of those of the mean.
    CHECK(std::fabs(sum / count - value) < 5 * spacing / 2 / std::sqrt(count));
  }
}
