#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "skipgram_corpus.h"

namespace examples::skipgram {

// The words that are frequent enough to be trained: row r of the tables is word r.
struct Words {
  std::vector<std::string_view> spellings;  // of the corpus; by descending count, equal counts in order of bytes
  std::vector<int64_t> counts;
  std::vector<int32_t> row_of;              // by number in the corpus; -1: too rare
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

}  // namespace examples::skipgram
