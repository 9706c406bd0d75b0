#pragma once

#include <windrow/row_format.h>
#include <cstdint>
#include <optional>
#include <string>

#include "formats/table_reader.h"

namespace windrow::tools {

// A matrix without any header: what a file of raw little-endian values holds.
struct RawMatrix {
  enum class Type : uint8_t { kF32, kF64, kF16, kBf16, kI8, kU8 };
  std::optional<uint64_t> rows;  // else as many as there are
  uint64_t dim = 0;
  Type type = Type::kF32;
  uint64_t offset_bytes = 0;  // of the first value in the file
};

// Of GloVe, which has two vectors of each word.
enum class GloveVectors : uint8_t { kSum, kWord, kContext };

// Where vectors come from, and what the user says of them that their file does not.
struct Source {
  TableSource table;
  // Counted and told, not refused: a header that promises other numbers than there are, lines that are no rows,
  // a last row that is cut off, bytes behind it. It never relaxes safetensors, npy or GGUF, and no bound.
  bool lenient = false;
  bool words_only = false;  // fastText, finalfusion: a row per word, its n-grams added in; no rows of n-grams
  bool restore_norms = false;  // finalfusion: rows times the norms that are kept beside them
  std::string vocabulary;      // a file with a token per line, for formats that have none
  std::optional<RawMatrix> raw;
  std::optional<GloveVectors> part;  // GloVe, where a file has both vectors of each word
  // Tables of text (TSV, CSV): the name or the number, from 0, of the column with the tokens; empty: found out.
  std::string token_column;

  const std::string& path() const { return table.path; }
};

}  // namespace windrow::tools
