#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "skipgram_words.h"

namespace skipgram {

struct SamplingOptions {
  int window = 5;
  int negatives = 5;
  double sample = 1e-3;
  uint64_t seed = 1;
};

// What is to be learnt from a piece of text: bag b belongs to the word centres[b], and holds lengths[b] rows, in groups
// of 1 + negatives: a word that stood near the centre, and words that did not.
struct Samples {
  std::vector<int32_t> centres;
  std::vector<int32_t> lengths;
  std::vector<int32_t> ids;

  void clear();
};

// Turns text into samples. Pieces are independent of one another, each with random numbers of its own, so threads may
// share the work without changing its result.
class Sampler {
 public:
  // Everything passed in stays with the caller, who keeps it alive. There are at least two words.
  Sampler(const Sentences& sentences, const Words& words, const SamplingOptions& options);

  // Whole sentences, some thousand words of them.
  size_t pieces() const { return pieces_.size() - 1; }
  // Words in the pieces before this one.
  size_t words_before(size_t piece) const;

  void draw(size_t piece, int epoch, Samples& samples) const;

 private:
  void add_sentence(std::span<const int32_t> kept, Random& random, Samples& samples) const;

  const Sentences& sentences_;
  SamplingOptions options_;
  std::vector<float> keep_;
  NoiseWords noise_;
  std::vector<size_t> pieces_;  // numbers of sentences
};

}  // namespace skipgram
