#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace windrow::tools {

// A few rows on their way from a reader to a writer: values, and tokens when the source has them.
struct RowBlock {
  size_t dim = 0;
  size_t rows = 0;
  std::vector<float> values;       // rows x dim
  std::string token_bytes;         // all tokens, back to back
  std::vector<size_t> token_ends;  // where each token ends; empty when there are no tokens

  bool has_tokens() const { return !token_ends.empty(); }
  float* row(size_t i) { return values.data() + i * dim; }
  const float* row(size_t i) const { return values.data() + i * dim; }
  std::string_view token(size_t i) const {
    const size_t begin = i == 0 ? 0 : token_ends[i - 1];
    return std::string_view(token_bytes).substr(begin, token_ends[i] - begin);
  }

  void clear(size_t new_dim) {
    dim = new_dim;
    rows = 0;
    values.clear();
    token_bytes.clear();
    token_ends.clear();
  }
  // Makes room for one more row, to be filled by the caller.
  float* add_row() {
    values.resize(++rows * dim);
    return row(rows - 1);
  }
  void add_token(std::string_view token) {
    token_bytes += token;
    token_ends.push_back(token_bytes.size());
  }
};

// How many rows are handed over at a time: about a megabyte of values.
inline size_t rows_per_block(size_t dim) {
  return std::max<size_t>(1, (size_t{1} << 18) / dim);
}

}  // namespace windrow::tools
