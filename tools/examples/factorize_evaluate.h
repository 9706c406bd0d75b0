#pragma once

#include <windrow/table.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "example_error.h"
#include "example_team.h"
#include "factorize_split.h"

namespace examples::factorize {

// How well scores tell the items that were kept back from all others that a user is not known to have, for each user;
// the means over users.
struct Quality {
  double auc = 0;     // the probability that an item kept back has a larger score than another one; 0.5: by chance
  double recall = 0;  // items kept back among the 20 best: the share of them, or of 20 where there are more
};

// Fills in the scores of all items for a user. Called by several threads at a time.
using Scorer = std::function<Result<void>(int32_t user, std::span<float> scores)>;

// The items' numbers of times, for everyone the same.
Scorer popularity_scorer(const Split& split);

// Dot products of rows. The tables live as long as the scorer.
Scorer dot_scorer(const windrow::Table& users, const windrow::Table& items);

class Evaluator {
 public:
  static constexpr size_t kBest = 20;

  // `split` lives as long. Users who have nothing to learn from are left out; of the others `users` are chosen at
  // random, or, for 0, as many as take about a second.
  Evaluator(const Split& split, int64_t users, int64_t dim, uint64_t seed);

  size_t users() const { return users_.size(); }
  Result<Quality> measure(const Scorer& scorer, Team& team) const;

 private:
  struct Scratch;
  Quality of_user(size_t user, Scratch& scratch) const;

  const Split& split_;
  std::vector<int32_t> users_;
};

}  // namespace examples::factorize
