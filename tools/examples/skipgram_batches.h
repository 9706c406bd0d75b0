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

// Turns text into samples. Pieces are independent of one another, each with random numbers of its own, so
// which thread draws them, and when, does not change them.
class Sampler {
 public:
  // There are at least two words.
  Sampler(Sentences sentences, const Words& words, const SamplingOptions& options);

  // A piece is whole sentences, some thousand words of them.
  size_t pieces() const { return pieces_.size() - 1; }

  void draw(size_t piece, int epoch, Samples& samples) const;

  // How many centres a step may take: its gradients come from the rows as they were before it, and those of a word that
  // occurs often in it add up to one long step in a direction that is no longer right.
  size_t advised_batch() const;

 private:
  size_t first_word(size_t piece) const;
  void add_sentence(std::span<const int32_t> kept, Random& random, Samples& samples) const;

  Sentences sentences_;
  SamplingOptions options_;
  std::vector<float> keep_;
  NoiseWords noise_;
  std::vector<size_t> pieces_;  // numbers of sentences
};

}  // namespace skipgram
