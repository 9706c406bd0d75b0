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

// Collects the tokens of a new table, one per row.
class VocabularyBuilder {
 public:
  void add(std::string_view token);

  int64_t size() const { return static_cast<int64_t>(offsets_.size()) - 1; }
  const std::vector<uint8_t>& bytes() const { return bytes_; }      // vocab.bytes
  const std::vector<int64_t>& offsets() const { return offsets_; }  // vocab.offsets
  std::vector<int64_t> index() const;                               // vocab.index
  uint64_t index_slots() const;

 private:
  std::vector<uint8_t> bytes_;
  std::vector<int64_t> offsets_{0};
};

}  // namespace windrow
