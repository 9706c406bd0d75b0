#pragma once

#include <windrow/export.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace windrow {

// Tokens and their rows, read from the mapped file: nothing is copied to the heap, and opening costs the same
// for ten tokens and ten million. Tokens are byte strings: spaces, NUL and invalid UTF-8 are allowed.
//
// Safe to use from any number of threads. Views that token() returns live as long as the table. A file that
// was damaged gives "not found" and empty tokens, never a read out of bounds.
//
// Tokens have numbers, in the order in which they were added. Mostly token t is row t; a table made of a model whose
// tokens share rows has a row for each (tokens_are_rows() is false), and a weight where the model had one.
class WINDROW_API Vocabulary {
 public:
  // How many tokens there are.
  int64_t size() const { return tokens_; }

  // The row of `token`, or nothing. When a token occurs twice, the first wins.
  std::optional<int64_t> find(std::string_view token) const;

  // numbers[i] = the number of tokens[i], or -1. Memory is fetched ahead, so that many tokens cost less each than one.
  // `numbers` must have tokens.size() entries, and the first tokens.size() of it are written.
  void find_numbers(std::span<const std::string_view> tokens, std::span<int64_t> numbers) const;

  // The token of `row`; empty for a row that has none. A search through all tokens where they are not rows.
  std::string_view token(int64_t row) const;

  // By the number of a token, in [0, size()): its bytes; its row, or nothing in a damaged file; its weight in
  // weighted means of tokens, 1 where the table has none.
  std::string_view token_at(int64_t number) const;
  std::optional<int64_t> row_of(int64_t number) const;
  float weight_of(int64_t number) const;

  bool tokens_are_rows() const { return rows_ == nullptr; }
  bool has_weights() const { return weights_ != nullptr; }

 private:
  friend class VocabularyReader;
  int64_t probe(std::string_view token, uint64_t hash) const;

  int64_t tokens_ = 0;
  int64_t table_rows_ = 0;
  size_t bytes_count_ = 0;
  size_t slot_count_ = 0;             // a power of two
  const uint8_t* bytes_ = nullptr;    // vocab.bytes
  const uint8_t* offsets_ = nullptr;  // vocab.offsets: tokens + 1 little-endian 64-bit numbers
  const uint8_t* rows_ = nullptr;     // vocab.rows, or null: token t is row t
  const uint8_t* weights_ = nullptr;  // vocab.weights, or null: each is 1
  const uint8_t* slots_ = nullptr;    // vocab.index
};

}  // namespace windrow
