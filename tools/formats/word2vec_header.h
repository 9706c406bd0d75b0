#pragma once

#include <windrow/error.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "formats/byte_reader.h"

namespace windrow::tools {

// What word2vec's text and binary formats share: the first line, "ROWS DIM".
// https://code.google.com/archive/p/word2vec (word2vec.c, the end of TrainModel).

struct Word2vecHeader {
  uint64_t rows = 0;
  size_t dim = 0;
  bool crlf = false;
};

constexpr size_t kMaxHeaderLine = 256;
// A longer token means that the file is something else.
constexpr size_t kMaxTokenBytes = 64 * 1024;

// Parses a line without its line end: exactly two whole numbers, the second above 0.
std::optional<Word2vecHeader> parse_word2vec_header(std::string_view line);

// Reads the first line. kFormat when it is no header.
Result<Word2vecHeader> read_word2vec_header(ByteReader& reader);

// The first line of a new file. The number of rows is known only at the end and the line must keep its
// length, so the number is written with leading zeros to the width of `max_rows`: every reader takes them,
// where trailing spaces would put word2vec.c out of step.
std::string word2vec_header_line(uint64_t rows, uint64_t max_rows, size_t dim);

}  // namespace windrow::tools
