#include "skipgram_words.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace skipgram {

Words count_words(const Corpus& corpus, int64_t min_count) {
  std::vector<int64_t> counts(corpus.spellings.size());
  for (const auto word : corpus.tokens) ++counts[static_cast<size_t>(word)];
  std::vector<size_t> order;
  for (size_t word = 0; word < counts.size(); ++word) {
    if (counts[word] >= min_count) order.push_back(word);
  }
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return counts[a] != counts[b] ? counts[a] > counts[b] : corpus.spellings[a] < corpus.spellings[b];
  });

  Words words;
  words.row_of.assign(counts.size(), -1);
  for (const auto word : order) {
    words.row_of[word] = static_cast<int32_t>(words.spellings.size());
    words.spellings.push_back(corpus.spellings[word]);
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

NoiseWords::NoiseWords(const std::vector<int64_t>& counts) : slots_(counts.size()) {
  std::vector<double> share;  // 1: as much as a slot holds
  for (const auto count : counts) share.push_back(std::pow(static_cast<double>(count), 0.75));
  const double total = std::accumulate(share.begin(), share.end(), 0.0);
  largest_share_ = share.front() / total;
  for (double& value : share) value *= static_cast<double>(counts.size()) / total;

  std::vector<size_t> small, large;
  for (size_t word = 0; word < share.size(); ++word) (share[word] < 1 ? small : large).push_back(word);
  const auto fill = [this](size_t slot, double own, size_t other) {
    const auto threshold = static_cast<uint64_t>(own * 0x1p32);
    slots_[slot] = {static_cast<uint32_t>(std::min<uint64_t>(threshold, UINT32_MAX)), static_cast<int32_t>(other)};
  };
  while (!small.empty() && !large.empty()) {
    const size_t word = small.back(), other = large.back();
    small.pop_back();
    fill(word, share[word], other);
    share[other] -= 1 - share[word];
    if (share[other] < 1) {
      large.pop_back();
      small.push_back(other);
    }
  }
  // What is left holds 1 but for rounding.
  for (const auto word : small) fill(word, 1, word);
  for (const auto word : large) fill(word, 1, word);
}

}  // namespace skipgram
