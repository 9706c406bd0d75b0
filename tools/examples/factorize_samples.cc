#include "factorize_samples.h"

#include <algorithm>

namespace examples::factorize {

namespace {

// Noise that the user knows is drawn again, but not for ever where he knows nearly everything.
constexpr int kMostDraws = 20;

std::vector<double> weights_of(const Split& split, Noise noise) {
  if (noise == Noise::kPopularity) return noise_weights(split.item_counts);
  return std::vector<double>(split.item_counts.size(), 1.0);
}

}  // namespace

Sampler::Sampler(const Split& split, Noise noise, int negatives, uint64_t seed)
    : train_(split.train), negatives_(negatives), seed_(seed), noise_(weights_of(split, noise)) {
  order_.reserve(train_.size());
  for (size_t user = 0; user < train_.users(); ++user) {
    for (const auto item : train_.of(user)) order_.push_back({static_cast<int32_t>(user), item});
  }
}

int32_t Sampler::draw_other(size_t user, Random& random) const {
  auto item = noise_.draw(random);
  for (int again = 0; again < kMostDraws && train_.has(user, item); ++again) item = noise_.draw(random);
  return item;
}

void Sampler::draw(size_t piece, int epoch, Samples& samples) {
  samples.clear();
  const uint64_t number = static_cast<uint64_t>(epoch) * (pieces() + 1) + piece;
  Random random = Random::of_piece(seed_, number);
  if (piece == 0) {
    Random shuffle = Random::of_piece(seed_, number + pieces());
    for (size_t i = order_.size() - 1; i > 0; --i) {
      std::swap(order_[i], order_[shuffle.below(static_cast<uint32_t>(i + 1))]);
    }
  }
  const size_t end = std::min(order_.size(), (piece + 1) * kPiece);
  for (size_t i = piece * kPiece; i < end; ++i) {
    const auto [user, item] = order_[i];
    samples.centres.push_back(user);
    samples.lengths.push_back(1 + negatives_);
    samples.ids.push_back(item);
    for (int n = 0; n < negatives_; ++n) samples.ids.push_back(draw_other(static_cast<size_t>(user), random));
  }
}

}  // namespace examples::factorize
