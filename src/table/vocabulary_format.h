#pragma once

#include <windrow/error.h>
#include <windrow/vocabulary.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/safetensors.h"
#include "io/file.h"

namespace windrow {

// The `vocab.*` tensors of a Windrow file: FORMAT.md, "Vocabulary".

// Finds the vocabulary of a mapped file; empty when there is none. Only sizes are checked here, so that
// opening costs the same for any number of tokens; contents are checked at every use.
class VocabularyReader {
 public:
  static Result<Vocabulary> read(const safetensors::Header& header, const io::Mapping& mapping,
                                 int64_t table_rows, const std::string& path);
};

// Collects the tokens of a new table.
class VocabularyBuilder {
 public:
  // The next token, which is the name of the row with its number.
  void add(std::string_view token) { add(token, size(), 1); }
  void add(std::string_view token, int64_t row, float weight);

  int64_t size() const { return static_cast<int64_t>(offsets_.size()) - 1; }
  const std::vector<uint8_t>& bytes() const { return bytes_; }      // vocab.bytes
  const std::vector<int64_t>& offsets() const { return offsets_; }  // vocab.offsets
  const std::vector<int64_t>& rows() const { return rows_; }        // vocab.rows; empty: token t is row t
  const std::vector<float>& weights() const { return weights_; }    // vocab.weights; empty: each is 1
  std::vector<int64_t> index() const;                               // vocab.index
  uint64_t index_slots() const;

 private:
  std::vector<uint8_t> bytes_;
  std::vector<int64_t> offsets_{0};
  std::vector<int64_t> rows_;
  std::vector<float> weights_;
};

}  // namespace windrow
