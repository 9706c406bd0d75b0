#pragma once

#include <cstddef>
#include <optional>

#include "formats/row_block.h"
#include "formats/source.h"

namespace windrow::tools {

// The two vectors that GloVe has of each word, as a word and as a context of others, where a file holds both
// (src/glove.c of https://github.com/stanfordnlp/GloVe, save_params): `-model 3` writes word then context, `-model 0`
// and `-binary 1` a bias behind each. The common files (`-model 2`) hold their sum already, those of `-model 1` the word.
struct GlovePair {
  size_t dim = 0;
  size_t biases = 0;  // behind each vector: 0 or 1

  size_t fields() const { return 2 * (dim + biases); }
};

// The pair that rows of `fields` values are, if vectors have `dim`.
std::optional<GlovePair> glove_pair(size_t dim, size_t fields);

// Makes one vector of each pair, in place.
void choose_vectors(RowBlock& block, const GlovePair& pair, GloveVectors part);

}  // namespace windrow::tools
