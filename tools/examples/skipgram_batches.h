#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "example_alias_table.h"
#include "example_random.h"
#include "example_two_tables.h"
#include "skipgram_words.h"

namespace examples::skipgram {

struct SamplingOptions {
  int window = 5;
  int negatives = 5;
  double sample = 1e-3;
  uint64_t seed = 1;
};

// Turns text into samples: a bag has a word, its neighbours, and for each of them words that did not stand near. Pieces
// are independent of one another, each with random numbers of its own, so which thread draws them, and when, does not
// change them.
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
  AliasTable noise_;
  std::vector<size_t> pieces_;  // numbers of sentences
};

}  // namespace examples::skipgram
