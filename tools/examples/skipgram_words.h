#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "skipgram_corpus.h"
#include "skipgram_random.h"

namespace skipgram {

// The words that are frequent enough to be trained: row r of the tables is word r.
struct Words {
  std::vector<std::string_view> spellings;  // of the corpus; by descending count, equal counts in order of bytes
  std::vector<int64_t> counts;
  std::vector<int32_t> row_of;              // by position in the corpus' spellings; -1: too rare
};

Words count_words(const Corpus& corpus, int64_t min_count);

// The text as rows, without the words that are too rare.
struct Sentences {
  std::vector<int32_t> rows;
  std::vector<size_t> ends;
};
Sentences keep_words(const Corpus& corpus, const Words& words);

// With which probability an occurrence of each word is kept, so that frequent words are seen less often (word2vec.c):
//
//   (sqrt(c / t) + 1) * t / c,   t = sample * (sum of all counts);   1 for sample = 0
std::vector<float> keep_probabilities(const Words& words, double sample);

// Draws words by count^0.75, the noise of Mikolov et al. (2013), with Walker's alias method (1977) as set up by Vose
// (1991): a table of the size of the vocabulary, which stays in the cache.
class NoiseWords {
 public:
  // `counts` descends.
  explicit NoiseWords(const std::vector<int64_t>& counts);

  int32_t draw(Random& random) const {
    const uint64_t bits = random.next();
    const uint64_t slot = (bits >> 32) * slots_.size() >> 32;
    return static_cast<uint32_t>(bits) < slots_[slot].threshold ? static_cast<int32_t>(slot) : slots_[slot].other;
  }

  // The probability of the most frequent word.
  double largest_share() const { return largest_share_; }

 private:
  struct Slot {
    uint32_t threshold;  // the slot's own word below, in units of 2^-32
    int32_t other;       // and this one from there on
  };
  std::vector<Slot> slots_;
  double largest_share_;
};

}  // namespace skipgram
