#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace windrow::tools {

// Tokens, back to back.
struct TokenList {
  std::string bytes;
  std::vector<size_t> ends;  // where each ends

  size_t size() const { return ends.size(); }
  std::string_view operator[](size_t i) const {
    const size_t begin = i == 0 ? 0 : ends[i - 1];
    return std::string_view(bytes).substr(begin, ends[i] - begin);
  }
  void add(std::string_view token) {
    bytes += token;
    ends.push_back(bytes.size());
  }
  void clear() {
    bytes.clear();
    ends.clear();
  }
  void cut(size_t size) {
    if (size >= ends.size()) return;
    ends.resize(size);
    bytes.resize(size == 0 ? 0 : ends.back());
  }
};

// A few rows on their way from a reader to a writer: values, and tokens when the source has them.
struct RowBlock {
  size_t dim = 0;
  size_t rows = 0;
  std::vector<float> values;     // rows x dim
  TokenList tokens;              // one per row, or none
  std::vector<uint64_t> begins;  // where each row begins in the file, or none

  bool has_tokens() const { return tokens.size() > 0; }
  float* row(size_t i) { return values.data() + i * dim; }
  const float* row(size_t i) const { return values.data() + i * dim; }
  std::string_view token(size_t i) const { return tokens[i]; }
  std::optional<uint64_t> begin(size_t i) const {
    return begins.empty() ? std::nullopt : std::optional<uint64_t>(begins[i]);
  }

  void clear(size_t new_dim) {
    dim = new_dim;
    rows = 0;
    values.clear();
    tokens.clear();
    begins.clear();
  }
  // Makes room for one more row, to be filled by the caller.
  float* add_row() {
    values.resize(++rows * dim);
    return row(rows - 1);
  }
  void add_token(std::string_view token) { tokens.add(token); }
  // Keeps the first `count` rows only.
  void cut(size_t count) {
    if (count >= rows) return;
    rows = count;
    values.resize(rows * dim);
    tokens.cut(rows);
    if (!begins.empty()) begins.resize(rows);
  }
};

// Tokens that do not come one per row: which row each has, and its weight in sentence vectors where the source
// has one.
struct TokenBlock {
  TokenList tokens;
  std::vector<int64_t> rows;   // one per token; empty: they go on with the number of the token
  std::vector<float> weights;  // one per token, or none; the same for all blocks

  void clear() {
    tokens.clear();
    rows.clear();
    weights.clear();
  }
};

// How many rows are handed over at a time: about a megabyte of values.
inline size_t rows_per_block(size_t dim) {
  return std::max<size_t>(1, (size_t{1} << 18) / dim);
}

}  // namespace windrow::tools
