#include "kernels/merge.h"

#include <random>
#include <vector>

#include "support/catch.h"
#include "support/loose_rows.h"
#include "support/reference_rounding.h"
#include "support/cases.h"
#include "support/targets.h"

namespace {

using namespace windrow;
using kernels::Contribution;

// Occurrences in memory of some type, at any alignment, and as floats.
struct Case {
  size_t dim;
  ValueType type;
  LooseRows stored;
  std::vector<std::vector<float>> gradients;
  std::vector<float> factors;
  std::vector<std::vector<uint32_t>> winners;
  std::vector<uint32_t> places;
  std::vector<const uint8_t*> gradient_rows;
  std::vector<const uint32_t*> winner_rows;

  Case(size_t columns, size_t count, ValueType of, uint64_t seed)
      : dim(columns), type(of), stored(count, columns, of == ValueType::kF32 ? 4 : 2) {
    std::mt19937_64 random(seed);
    for (size_t i = 0; i < count; ++i) {
      gradients.emplace_back(dim);
      winners.emplace_back(dim);
      for (size_t c = 0; c < dim; ++c) {
        const float g = any_value(random, true);
        if (type == ValueType::kF32) {
          stored.set(i, c, g);
          gradients[i][c] = g;
        } else {
          const uint16_t code = reference_nearest(type, g);
          stored.set(i, c, code);
          gradients[i][c] = reference_widened(type, code);
        }
        winners[i][c] = static_cast<uint32_t>(random() % 3);
      }
      factors.push_back(any_value(random, true));
      places.push_back(static_cast<uint32_t>(random() % 3));
    }
    for (size_t i = 0; i < count; ++i) {
      gradient_rows.push_back(stored.row(i));
      winner_rows.push_back(winners[i].data());
    }
  }

  kernels::Occurrences view() const {
    return {gradient_rows.data(), gradient_rows.size(), factors.data(), winner_rows.data(), places.data()};
  }
  float contribution(Contribution kind, size_t i, size_t column) const {
    const float g = gradients[i][column];
    switch (kind) {
      case Contribution::kPlain:
        return g;
      case Contribution::kFactor:
        return g * factors[i];
      case Contribution::kWinner:
        return winners[i][column] == places[i] ? g : 0.0f;
    }
    return 0;
  }
  float sum(Contribution kind, size_t begin, size_t end, size_t column) const {
    float sum = contribution(kind, begin, column);
    for (size_t i = begin + 1; i < end; ++i) sum = sum + contribution(kind, i, column);
    return sum;
  }
};

void compare(const Case& test, Contribution kind, size_t begin, size_t end, size_t first, size_t last) {
  std::vector<float> expected(test.dim + 8, 77.0f), got = expected;
  for (size_t c = first; c < last; ++c) expected[c] = test.sum(kind, begin, end, c);
  kernels::merge_gradients(kind, test.type)(test.view(), begin, end, first, last, got.data());
  CAPTURE(static_cast<int>(test.type), static_cast<int>(kind), test.dim, begin, end, first, last);
  CHECK(same_bits(got, expected));
}

constexpr ValueType kTypes[] = {ValueType::kF32, ValueType::kF16, ValueType::kBf16};
constexpr Contribution kKinds[] = {Contribution::kPlain, Contribution::kFactor, Contribution::kWinner};

}  // namespace

TEST_CASE("merge_gradients: every target adds up in order, whatever the values are stored as", "[kernels]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const int64_t dim : kDims) {
        for (const auto type : kTypes) {
          const Case test(static_cast<size_t>(dim), 40, type, static_cast<uint64_t>(dim));
          for (const auto kind : kKinds) {
            compare(test, kind, 0, 1, 0, test.dim);
            compare(test, kind, 1, 3, 0, test.dim);
            compare(test, kind, 3, 40, 0, test.dim);
            if (dim > 16) compare(test, kind, 3, 40, 16, test.dim);
            if (dim > 32) compare(test, kind, 39, 40, 16, 32);
          }
        }
      }
    }
  }
}

TEST_CASE("merge_gradients: a lone contribution is copied, so that -0 stays -0", "[kernels]") {
  for (const auto target : every_target()) {
    const ScopedTarget scope(target);
    CAPTURE(hwy::TargetName(target));
    for (const auto type : kTypes) {
      Case test(5, 2, type, 1);
      for (size_t c = 0; c < 5; ++c) {
        if (type == ValueType::kF32)
          test.stored.set(0, c, -0.0f);
        else
          test.stored.set(0, c, uint16_t{0x8000});
      }
      std::vector<float> merged(5);
      kernels::merge_gradients(Contribution::kPlain, type)(test.view(), 0, 1, 0, 5, merged.data());
      for (const float g : merged) CHECK(std::bit_cast<uint32_t>(g) == 0x80000000);
    }
  }
}

TEST_CASE("merge_gradients: all codes of f16 and bf16 are widened exactly", "[kernels]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const auto type : {ValueType::kF16, ValueType::kBf16}) {
        std::vector<uint16_t> codes(1 << 16);
        std::vector<float> expected, got(codes.size());
        for (size_t i = 0; i < codes.size(); ++i) {
          codes[i] = static_cast<uint16_t>(i);
          expected.push_back(reference_widened(type, codes[i]));
        }
        const auto* address = reinterpret_cast<const uint8_t*>(codes.data());
        kernels::Occurrences one;
        one.gradients = &address;
        one.count = 1;
        kernels::merge_gradients(Contribution::kPlain, type)(one, 0, 1, 0, codes.size(), got.data());
        CHECK(same_bits(got, expected));
      }
    }
  }
}
