#include "skipgram_batches.h"

#include <algorithm>
#include <utility>

namespace examples::skipgram {

namespace {

// Work enough for a thread to be worth starting, and samples few enough (about 1 MB) to stay in the cache until they
// are used.
constexpr size_t kPieceWords = 10000;

// How often the most frequent word may occur in a batch, and how many centres are worth their while. WordNet, with
// 24,000 words and these numbers, gets batches of 248; its AUC is the same for 128 to 1024, and drops at 2048.
constexpr double kMostOccurrences = 128;
constexpr double kMostCentres = 512;

// Noise that is the neighbour itself is drawn again, but not for ever where nearly all of a text is one word.
constexpr int kMostDraws = 100;

}  // namespace

Sampler::Sampler(Sentences sentences, const Words& words, const SamplingOptions& options)
    : sentences_(std::move(sentences)),
      options_(options),
      keep_(keep_probabilities(words, options.sample)),
      noise_(noise_weights(words.counts)),
      pieces_{0} {
  const auto& ends = sentences_.ends;
  for (size_t s = 0; s < ends.size(); ++s) {
    if (s + 1 == ends.size() || ends[s] - first_word(pieces_.size() - 1) >= kPieceWords) pieces_.push_back(s + 1);
  }
}

size_t Sampler::advised_batch() const {
  const double ids_per_centre = (options_.window + 1.0) * (1.0 + options_.negatives);
  const double centres = kMostOccurrences / (ids_per_centre * noise_.largest_share());
  return static_cast<size_t>(std::clamp(centres, 1.0, kMostCentres));
}

size_t Sampler::first_word(size_t piece) const {
  return pieces_[piece] == 0 ? 0 : sentences_.ends[pieces_[piece] - 1];
}

void Sampler::draw(size_t piece, int epoch, Samples& samples) const {
  samples.clear();
  const uint64_t number = static_cast<uint64_t>(epoch) * pieces() + piece;
  Random random = Random::of_piece(options_.seed, number);
  std::vector<int32_t> kept;
  size_t i = first_word(piece);
  for (size_t s = pieces_[piece]; s < pieces_[piece + 1]; ++s) {
    kept.clear();
    for (; i < sentences_.ends[s]; ++i) {
      const auto row = sentences_.rows[i];
      const auto probability = keep_[static_cast<size_t>(row)];
      if (probability >= 1 || random.uniform() < probability) kept.push_back(row);
    }
    add_sentence(kept, random, samples);
  }
}

void Sampler::add_sentence(std::span<const int32_t> kept, Random& random, Samples& samples) const {
  if (kept.size() < 2) return;
  for (size_t centre = 0; centre < kept.size(); ++centre) {
    // A random reach gives near words more weight than far ones (word2vec.c).
    const size_t reach = 1 + random.below(static_cast<uint32_t>(options_.window));
    const size_t begin = centre > reach ? centre - reach : 0;
    const size_t end = std::min(kept.size(), centre + reach + 1);
    for (size_t near = begin; near < end; ++near) {
      if (near == centre) continue;
      samples.ids.push_back(kept[near]);
      for (int n = 0; n < options_.negatives; ++n) {
        auto noise = noise_.draw(random);
        for (int again = 0; noise == kept[near] && again < kMostDraws; ++again) noise = noise_.draw(random);
        samples.ids.push_back(noise);
      }
    }
    samples.centres.push_back(kept[centre]);
    samples.lengths.push_back(static_cast<int32_t>((end - begin - 1) * (1 + static_cast<size_t>(options_.negatives))));
  }
}

}  // namespace examples::skipgram
