#include "kernels/update.h"
#include "kernels/winners.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "support/catch.h"
#include "support/reference_step.h"
#include "support/targets.h"

namespace {

using namespace windrow;
using namespace windrow::kernels;

constexpr size_t kDims[] = {1, 3, 8, 15, 16, 17, 31, 64, 85, 129, 163};
constexpr uint8_t kGuard = 0xA5;

// Rows of floats that start at addresses of any alignment, with guard bytes between them.
class LooseRows {
 public:
  LooseRows(size_t rows, size_t dim)
      : stride_(dim * sizeof(float) + 7), bytes_(rows * stride_ + 8, kGuard) {}

  uint8_t* row(size_t r) { return bytes_.data() + 3 + r * stride_; }
  void set(size_t r, size_t column, float value) { std::memcpy(row(r) + 4 * column, &value, 4); }
  float get(size_t r, size_t column) {
    float value;
    std::memcpy(&value, row(r) + 4 * column, 4);
    return value;
  }
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  size_t stride_;
  std::vector<uint8_t> bytes_;
};

// Ordinary values with some that show a wrong order or sign: zeros of both signs, huge ones.
float some_value(std::mt19937& random) {
  switch (random() % 24) {
    case 0:
      return 0.0f;
    case 1:
      return -0.0f;
    case 2:
      return 1e18f;
    case 3:
      return 1e-30f;
    default:
      return std::uniform_real_distribution<float>(-2, 2)(random);
  }
}

// Rows with these many occurrences each, in one array.
struct Case {
  size_t dim;
  std::vector<int64_t> bounds{0};
  std::vector<Vector> gradients;
  std::vector<float> factors;
  std::vector<std::vector<uint32_t>> winners;
  std::vector<uint32_t> places;

  Case(size_t columns, std::initializer_list<int64_t> counts, std::mt19937& random) : dim(columns) {
    for (const int64_t count : counts) bounds.push_back(bounds.back() + count);
    for (int64_t i = 0; i < bounds.back(); ++i) {
      gradients.emplace_back(dim);
      winners.emplace_back(dim);
      for (float& g : gradients.back()) g = some_value(random);
      for (uint32_t& w : winners.back()) w = static_cast<uint32_t>(random() % 3);
      factors.push_back(some_value(random));
      places.push_back(static_cast<uint32_t>(random() % 3));
    }
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
  float merged(Contribution kind, size_t row, size_t column) const {
    float sum = contribution(kind, static_cast<size_t>(bounds[row]), column);
    for (auto i = static_cast<size_t>(bounds[row]) + 1; i < static_cast<size_t>(bounds[row + 1]); ++i) {
      sum = sum + contribution(kind, i, column);
    }
    return sum;
  }
};

const Optimizer kOptimizers[] = {Sgd{.lr = 0.1}, Adagrad{.lr = 0.1, .eps = 1e-3},
                                 Adagrad{.lr = 0.1, .eps = 1e-3, .eps_inside = true}};
constexpr UpdateRule kRules[] = {UpdateRule::kSgd, UpdateRule::kAdagrad, UpdateRule::kAdagradEpsInside};

void compare_with_reference(size_t rule, Contribution kind, const Case& test, size_t begin, size_t end) {
  CAPTURE(rule, static_cast<int>(kind), test.dim, begin, end);
  const size_t rows = test.bounds.size() - 1;
  std::mt19937 random(7);
  LooseRows weights(rows, test.dim), states(rows, test.dim), gradients(test.gradients.size(), test.dim);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < test.dim; ++c) {
      weights.set(r, c, some_value(random));
      states.set(r, c, std::fabs(some_value(random)));
    }
  }
  for (size_t i = 0; i < test.gradients.size(); ++i) {
    for (size_t c = 0; c < test.dim; ++c) gradients.set(i, c, test.gradients[i][c]);
  }
  LooseRows expected_weights = weights, expected_states = states;
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = begin; c < end; ++c) {
      float w = weights.get(r, c), s = states.get(r, c);
      std::visit([&](const auto& optimizer) { update(w, &s, test.merged(kind, r, c), optimizer, 1); },
                 kOptimizers[rule]);
      expected_weights.set(r, c, w);
      if (rule > 0) expected_states.set(r, c, s);
    }
  }

  std::vector<uint8_t*> weight_rows(rows + kRowsAhead), state_rows(rows + kRowsAhead);
  for (size_t r = 0; r < rows; ++r) weight_rows[r] = weights.row(r), state_rows[r] = states.row(r);
  std::vector<const uint8_t*> gradient_rows;
  std::vector<const uint32_t*> winner_rows;
  for (size_t i = 0; i < test.gradients.size(); ++i) {
    gradient_rows.push_back(gradients.row(i));
    winner_rows.push_back(test.winners[i].data());
  }
  RowUpdates call;
  call.rows = rows;
  call.bounds = test.bounds.data();
  call.weights = weight_rows.data();
  call.states = state_rows.data();
  call.column_begin = begin;
  call.column_end = end;
  call.scalars = {0.1f, 1e-3f};
  call.occurrences = {gradient_rows.data(), gradient_rows.size(), test.factors.data(), winner_rows.data(),
                      test.places.data()};
  update_rows(kRules[rule], kind)(call);
  CHECK(weights.bytes() == expected_weights.bytes());
  CHECK(states.bytes() == expected_states.bytes());
}

}  // namespace

TEST_CASE("update_rows: every target gives the bits of the reference and touches nothing else", "[kernels]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const size_t dim : kDims) {
        std::mt19937 random(static_cast<uint32_t>(dim));
        const Case test(dim, {1, 2, 37, 1, 5, 1}, random);
        for (size_t rule = 0; rule < 3; ++rule) {
          for (const auto kind : {Contribution::kPlain, Contribution::kFactor, Contribution::kWinner}) {
            compare_with_reference(rule, kind, test, 0, dim);
            if (dim > 16) compare_with_reference(rule, kind, test, 16, dim);
            if (dim > 32) compare_with_reference(rule, kind, test, 16, 32);
          }
        }
      }
    }
  }
}

TEST_CASE("update_rows: a lone contribution is copied, so that -0 stays -0", "[kernels]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      // w = -0 - (1 * -0) is +0, and -0 - (1 * +0) is -0: the sign of the gradient shows.
      std::mt19937 random(1);
      Case test(5, {1}, random);
      test.gradients[0] = {-0.0f, 0.0f, -0.0f, 0.0f, -0.0f};
      std::vector<float> w(5, -0.0f);
      std::vector<uint8_t*> rows(1 + kRowsAhead);
      rows[0] = reinterpret_cast<uint8_t*>(w.data());
      const auto* gradient = reinterpret_cast<const uint8_t*>(test.gradients[0].data());
      RowUpdates call;
      call.rows = 1;
      call.bounds = test.bounds.data();
      call.weights = rows.data();
      call.states = rows.data();
      call.column_end = 5;
      call.scalars.lr = 1;
      call.occurrences.gradients = &gradient;
      call.occurrences.count = 1;
      update_rows(UpdateRule::kSgd, Contribution::kPlain)(call);
      for (size_t c = 0; c < 5; ++c) CHECK(std::signbit(w[c]) == (c % 2 == 1));
    }
  }
}

TEST_CASE("find_winners: every target finds the first of the greatest, and NaN as torch does", "[kernels]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const size_t dim : kDims) {
        for (const size_t count : {1, 2, 37}) {
          CAPTURE(dim, count);
          std::mt19937 random(static_cast<uint32_t>(dim + count));
          LooseRows values(count, dim);
          std::vector<const uint8_t*> rows;
          std::vector<uint32_t> places, winners(dim + 1, 77), expected(dim + 1, 77);
          std::vector<float> best(dim);
          for (size_t i = 0; i < count; ++i) {
            rows.push_back(values.row(i));
            places.push_back(static_cast<uint32_t>(5 + 3 * i));
            for (size_t c = 0; c < dim; ++c) {
              const float few = static_cast<float>(random() % 4);  // many ties
              values.set(i, c,
                         random() % 9   ? few
                         : random() % 2 ? std::numeric_limits<float>::quiet_NaN()
                                        : -0.0f);
            }
          }
          for (size_t c = 0; c < dim; ++c) {
            float greatest = values.get(0, c);
            expected[c] = places[0];
            for (size_t i = 1; i < count; ++i) {
              if (values.get(i, c) > greatest) greatest = values.get(i, c), expected[c] = places[i];
            }
          }
          find_winners()({rows.data(), places.data(), count, true}, 0, dim, best.data(), winners.data());
          CHECK(winners == expected);
          // The same in two runs, the second going on from the first.
          const size_t first = count / 2;
          if (first == 0) continue;
          std::fill_n(winners.begin(), dim, 78);
          find_winners()({rows.data(), places.data(), first, true}, 0, dim, best.data(), winners.data());
          find_winners()({rows.data() + first, places.data() + first, count - first, false}, 0, dim, best.data(),
                         winners.data());
          CHECK(winners == expected);
        }
      }
    }
  }
}
