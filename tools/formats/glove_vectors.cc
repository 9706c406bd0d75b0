#include "formats/glove_vectors.h"

#include <algorithm>

namespace windrow::tools {

std::optional<GlovePair> glove_pair(size_t dim, size_t fields) {
  for (const size_t biases : {0, 1}) {
    const GlovePair pair{dim, biases};
    if (pair.fields() == fields) return pair;
  }
  return std::nullopt;
}

void choose_vectors(RowBlock& block, const GlovePair& pair, GloveVectors part) {
  for (size_t i = 0; i < block.rows; ++i) {
    const float* word = block.values.data() + i * pair.fields();
    const float* context = word + pair.dim + pair.biases;
    float* row = block.values.data() + i * pair.dim;  // never behind what is read
    switch (part) {
      case GloveVectors::kWord:
        std::copy_n(word, pair.dim, row);
        break;
      case GloveVectors::kContext:
        std::copy_n(context, pair.dim, row);
        break;
      case GloveVectors::kSum:
        for (size_t c = 0; c < pair.dim; ++c) row[c] = word[c] + context[c];
        break;
    }
  }
  block.dim = pair.dim;
  block.values.resize(block.rows * block.dim);
}

}  // namespace windrow::tools
