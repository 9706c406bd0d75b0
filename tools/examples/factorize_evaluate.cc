#include "factorize_evaluate.h"

#include <windrow/lookup.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>

#include "example_random.h"

namespace examples::factorize {

namespace {

// Products that a processor does in about a second, and users few enough to make the mean a matter of luck.
constexpr double kProducts = 2e9;
constexpr size_t kFewUsers = 500;

constexpr float kLowest = -std::numeric_limits<float>::infinity();

}  // namespace

Scorer popularity_scorer(const Split& split) {
  return [&split](int32_t, std::span<float> scores) -> Result<void> {
    std::transform(split.item_counts.begin(), split.item_counts.end(), scores.begin(),
                   [](int64_t count) { return static_cast<float>(count); });
    return {};
  };
}

Scorer dot_scorer(const windrow::Table& users, const windrow::Table& items) {
  auto all = std::make_shared<std::vector<int32_t>>(static_cast<size_t>(items.rows()));
  std::iota(all->begin(), all->end(), 0);
  return [&users, &items, all](int32_t user, std::span<float> scores) -> Result<void> {
    const auto dim = static_cast<size_t>(users.dim());
    std::vector<float> vector(dim);
    const windrow::LookupOptions options = {.threads = 1};
    auto done = windrow::gather(users, std::span<const int32_t>(&user, 1), windrow::RowsOut(vector, dim), options);
    if (!done) return pass(done);
    const auto length = static_cast<int32_t>(all->size());
    windrow::Bags bag;
    bag.ids = std::span<const int32_t>(*all);
    bag.lengths = std::span<const int32_t>(&length, 1);
    done = windrow::dot_bags(items, bag, windrow::RowsIn(vector, dim), scores, options);
    if (!done) return pass(done);
    return {};
  };
}

Evaluator::Evaluator(const Split& split, int64_t users, int64_t dim, uint64_t seed) : split_(split) {
  for (size_t user = 0; user < split.train.users(); ++user) {
    if (!split.train.of(user).empty() && !split.test.of(user).empty()) users_.push_back(static_cast<int32_t>(user));
  }
  const double products = static_cast<double>(split.item_counts.size()) * static_cast<double>(dim);
  const size_t most = users > 0 ? static_cast<size_t>(users)
                                : std::max(kFewUsers, static_cast<size_t>(kProducts / products));
  Random random(seed);
  for (size_t i = 0; i < std::min(most, users_.size()); ++i) {
    std::swap(users_[i], users_[i + random.below(static_cast<uint32_t>(users_.size() - i))]);
  }
  users_.resize(std::min(most, users_.size()));
}

struct Evaluator::Scratch {
  std::vector<float> scores;       // of all items
  std::vector<float> kept_back;    // of the user's, ascending
  std::vector<float> others;       // of those he is not known to have
};

Quality Evaluator::of_user(size_t user, Scratch& scratch) const {
  auto& [scores, kept_back, others] = scratch;
  const auto test = split_.test.of(user);
  kept_back.clear();
  for (const auto item : test) kept_back.push_back(scores[static_cast<size_t>(item)]);
  for (const auto item : test) scores[static_cast<size_t>(item)] = kLowest;
  for (const auto item : split_.train.of(user)) scores[static_cast<size_t>(item)] = kLowest;
  others.clear();
  std::copy_if(scores.begin(), scores.end(), std::back_inserter(others), [](float score) { return score > kLowest; });
  std::sort(kept_back.begin(), kept_back.end());

  // The Mann-Whitney form of the area: the share of (kept back, other) that are in the right order; ties are half.
  double below = 0;
  for (const float other : others) {
    const auto [lower, upper] = std::equal_range(kept_back.begin(), kept_back.end(), other);
    below += static_cast<double>(kept_back.end() - upper) + 0.5 * static_cast<double>(upper - lower);
  }
  Quality quality;
  const auto pairs = static_cast<double>(kept_back.size()) * static_cast<double>(others.size());
  quality.auc = pairs > 0 ? below / pairs : 0.5;

  // Kept back item number h from the best is among the 20 best if fewer than 20 - h others are at least as good.
  const size_t best = std::min(kBest, others.size());
  std::partial_sort(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(best), others.end(), std::greater<>());
  size_t hits = 0, better = 0;
  for (auto score = kept_back.rbegin(); score != kept_back.rend(); ++score) {
    while (better < best && others[better] >= *score) ++better;
    if (better + hits >= kBest) break;
    ++hits;
  }
  quality.recall = static_cast<double>(hits) / static_cast<double>(std::min(kBest, kept_back.size()));
  return quality;
}

Result<Quality> Evaluator::measure(const Scorer& scorer, Team& team) const {
  const auto threads = static_cast<size_t>(team.threads());
  std::vector<Quality> of_users(users_.size());
  std::vector<Result<void>> done(threads);
  team.run([&](int thread) {
    const auto t = static_cast<size_t>(thread);
    Scratch scratch;
    scratch.scores.resize(split_.item_counts.size());
    for (size_t i = t; i < users_.size() && done[t]; i += threads) {
      done[t] = scorer(users_[i], scratch.scores);
      if (done[t]) of_users[i] = of_user(static_cast<size_t>(users_[i]), scratch);
    }
  });
  for (const auto& result : done) {
    if (!result) return tl::make_unexpected(result.error());
  }
  Quality mean;
  for (const auto& quality : of_users) {
    mean.auc += quality.auc / static_cast<double>(users_.size());
    mean.recall += quality.recall / static_cast<double>(users_.size());
  }
  return mean;
}

}  // namespace examples::factorize
