#pragma once

#include <windrow/table.h>

#include <cstddef>
#include <optional>

#include "skipgram_corpus.h"
#include "example_error.h"
#include "skipgram_words.h"

namespace examples::skipgram {

struct Quality {
  size_t pairs = 0;  // of words that share a synset
  double auc = 0;    // the probability that such a pair has a larger cosine than a random pair; 0.5: nothing was learnt
};

// How well the vectors know synonyms: the area under the ROC curve of the cosines of pairs of words that share a synset
// against those of 200,000 random pairs. Words of both kinds are lemmas of one word that occur at least 20 times. Nothing
// where the corpus has no such pairs.
Result<std::optional<Quality>> synonym_quality(const Corpus& corpus, const Words& words,
                                               const windrow::Table& vectors);

}  // namespace examples::skipgram
