#include "skipgram_words.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace examples::skipgram {

Words count_words(const Corpus& corpus, int64_t min_count) {
  const auto& spellings = corpus.words.names();
  std::vector<int64_t> counts(spellings.size());
  for (const auto word : corpus.tokens) ++counts[static_cast<size_t>(word)];
  std::vector<size_t> order;
  for (size_t word = 0; word < counts.size(); ++word) {
    if (counts[word] >= min_count) order.push_back(word);
  }
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return counts[a] != counts[b] ? counts[a] > counts[b] : spellings[a] < spellings[b];
  });

  Words words;
  words.row_of.assign(counts.size(), -1);
  for (const auto word : order) {
    words.row_of[word] = static_cast<int32_t>(words.spellings.size());
    words.spellings.push_back(spellings[word]);
    words.counts.push_back(counts[word]);
  }
  return words;
}

Sentences keep_words(const Corpus& corpus, const Words& words) {
  Sentences sentences;
  size_t i = 0;
  for (const auto end : corpus.sentence_ends) {
    for (; i < end; ++i) {
      const auto row = words.row_of[static_cast<size_t>(corpus.tokens[i])];
      if (row >= 0) sentences.rows.push_back(row);
    }
    sentences.ends.push_back(sentences.rows.size());
  }
  return sentences;
}

std::vector<float> keep_probabilities(const Words& words, double sample) {
  const auto total = std::accumulate(words.counts.begin(), words.counts.end(), 0.0);
  std::vector<float> keep;
  for (const auto count : words.counts) {
    const double ratio = sample * total / static_cast<double>(count);
    keep.push_back(sample > 0 ? static_cast<float>(std::min(1.0, std::sqrt(ratio) + ratio)) : 1.0f);
  }
  return keep;
}

}  // namespace examples::skipgram
