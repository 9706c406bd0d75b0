#include "kernels/update.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "support/catch.h"
#include "support/loose_rows.h"
#include "support/reference_optimizer.h"
#include "support/targets.h"

namespace {

using namespace windrow;

Vector some_row(size_t columns, std::mt19937_64& random, bool special) {
  Vector row;
  for (size_t c = 0; c < columns; ++c) row.push_back(any_value(random, special));
  return row;
}

// State that steps may have left: sums of squares are not negative.
ReferenceRow some_state(const Optimizer& optimizer, size_t dim, std::mt19937_64& random) {
  ReferenceRow row{some_row(dim, random, false), {}};
  for (const auto& state : state_tensors(optimizer)) {
    row.states.push_back(some_row(state.per_row ? 1 : dim, random, false));
    const bool of_squares = state.name == "sum" || state.name == "exp_avg_sq" || state.name == "accumulator";
    for (float& s : row.states.back()) s = of_squares ? std::fabs(s) : s;
  }
  return row;
}

// A row in memory that is not aligned, its state likewise.
struct StoredRow {
  LooseRows weights;
  std::vector<LooseRows> states;
  std::vector<size_t> columns;

  explicit StoredRow(const ReferenceRow& row) : weights(1, row.w.size()) {
    weights.set_row(0, row.w);
    for (const Vector& state : row.states) {
      states.emplace_back(1, state.size());
      states.back().set_row(0, state);
      columns.push_back(state.size());
    }
  }

  void update(const Optimizer& optimizer, const Vector& gradient, int64_t step) {
    const StepScalars scalars = kernels::step_scalars(optimizer, step);
    kernels::RowUpdates updates{.rows = 1, .columns = gradient.size(), .gradients = gradient.data()};
    uint8_t* const row = weights.row(0);
    updates.weights = &row;
    uint8_t* state_rows[kMaxStates];
    for (size_t s = 0; s < states.size(); ++s) {
      state_rows[s] = states[s].row(0);
      updates.states[s] = &state_rows[s];
    }
    updates.scalars = &scalars;
    kernels::update_rows(optimizer)(updates);
  }

  void check_equal(const ReferenceRow& expected) {
    const size_t dim = expected.w.size();
    CHECK(same_bits(weights.get_row<float>(0, dim), expected.w));
    CHECK(weights.guards_stand(4 * dim));
    for (size_t s = 0; s < states.size(); ++s) {
      CHECK(same_bits(states[s].get_row<float>(0, columns[s]), expected.states[s]));
      CHECK(states[s].guards_stand(4 * columns[s]));
    }
  }
};

}  // namespace

TEST_CASE("update_rows: every optimiser gives the bits of the reference on every target, step after step",
          "[kernels]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const auto& [name, optimizer] : kEveryOptimizer) {
        for (const int64_t columns : kDims) {
          const auto dim = static_cast<size_t>(columns);
          CAPTURE(name, dim);
          std::mt19937_64 random(static_cast<uint64_t>(dim));
          ReferenceRow expected = some_state(optimizer, dim, random);
          StoredRow stored(expected);
          for (const int64_t step : std::vector<int64_t>{1, 2, 3, 1000, 5'000'000'000}) {
            const Vector g = some_row(dim, random, false);
            reference_update(expected, g, optimizer, step);
            stored.update(optimizer, g, step);
          }
          stored.check_equal(expected);
        }
      }
    }
  }
}

TEST_CASE("update_rows: zeros, subnormals, huge values, infinities and NaN on every target", "[kernels]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const auto& [name, optimizer] : kEveryOptimizer) {
        for (uint64_t seed = 0; seed < 20; ++seed) {
          CAPTURE(name, seed);
          std::mt19937_64 random(seed);
          ReferenceRow expected = some_state(optimizer, 37, random);
          StoredRow stored(expected);
          for (const int64_t step : {1, 2}) {
            const Vector g = some_row(37, random, true);
            reference_update(expected, g, optimizer, step);
            stored.update(optimizer, g, step);
          }
          stored.check_equal(expected);
        }
      }
    }
  }
}

TEST_CASE("update_rows: in the first step of a new table a zero gradient gives no NaN", "[kernels]") {
  for (const auto& [name, optimizer] : kEveryOptimizer) {
    CAPTURE(name);
    ReferenceRow row{Vector{1, -2, 3}, new_states(optimizer, 3)};
    StoredRow stored(row);
    stored.update(optimizer, {0, -0.0f, 0}, 1);
    for (const float w : stored.weights.get_row<float>(0, 3)) CHECK(std::isfinite(w));
  }
}

// g[j] = 0.1 * (j + 1), whose squares are summed in eight parts.
TEST_CASE("update_rows: the mean square of a row is summed in eight parts", "[kernels]") {
  Vector g;
  for (int j = 0; j < 19; ++j) g.push_back(0.1f * static_cast<float>(j + 1));
  const Optimizer optimizer = RowwiseAdagrad{};
  for (const auto target : every_target()) {
    const ScopedTarget scope(target);
    CAPTURE(hwy::TargetName(target));
    StoredRow stored({Vector(19, 0.0f), new_states(optimizer, 19)});
    stored.update(optimizer, g, 1);
    CHECK(stored.states[0].get<uint32_t>(0, 0) == 0x3fa66667);
  }
}

TEST_CASE("update_rows: FTRL at the border of l1", "[kernels]") {
  // lr 1, l1 1 and a gradient so that z = g: at |z| = l1 the weight is +0, beyond it has the sign of -z.
  const Optimizer optimizer = Ftrl{.lr = 1, .l1 = 1, .initial_accumulator = 1};
  ReferenceRow row{Vector(4, 0.0f), new_states(optimizer, 4)};
  StoredRow stored(row);
  const Vector g = {1, -1, 2, -2};
  stored.update(optimizer, g, 1);
  const auto w = stored.weights.get_row<float>(0, 4);
  CHECK(std::bit_cast<uint32_t>(w[0]) == 0);
  CHECK(std::bit_cast<uint32_t>(w[1]) == 0);
  CHECK(w[2] < 0);
  CHECK(w[3] == -w[2]);
}
