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
class WINDROW_API Vocabulary {
 public:
  int64_t size() const { return tokens_; }

  // The row of `token`, or nothing. When a token occurs twice, the first wins.
  std::optional<int64_t> find(std::string_view token) const;

  // The token of `row`; empty for a row that has none.
  std::string_view token(int64_t row) const;

 private:
  friend class VocabularyReader;
  std::string_view bytes_of(int64_t token) const;

  int64_t tokens_ = 0;
  int64_t table_rows_ = 0;
  size_t bytes_count_ = 0;
  size_t slot_count_ = 0;             // a power of two
  const uint8_t* bytes_ = nullptr;    // vocab.bytes
  const uint8_t* offsets_ = nullptr;  // vocab.offsets: tokens + 1 little-endian 64-bit numbers
  const uint8_t* rows_ = nullptr;     // vocab.rows, or null: token t is row t
  const uint8_t* slots_ = nullptr;    // vocab.index
};

}  // namespace windrow
