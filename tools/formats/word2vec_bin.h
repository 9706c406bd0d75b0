#pragma once

#include <windrow/error.h>
#include <memory>
#include <string>
#include <string_view>

#include "formats/byte_reader.h"
#include "formats/reader.h"

namespace windrow::tools {

// word2vec binary:
//
//   ROWS DIM LF, then per row: token, a space, DIM little-endian floats, and a LF or not
//
// word2vec.c writes the LF, gensim and the GoogleNews vectors do not. Before a token LF bytes are skipped,
// nothing else.
Result<std::unique_ptr<RowReader>> read_word2vec_bin(std::unique_ptr<ByteSource> source,
                                                     bool lenient = false);

// Whether the format can hold a token: no byte up to the space, and at most kMaxTokenBytes. A space would put
// every reader out of step for the rest of the file; control characters are how a reader notices that it is.
bool fits_word2vec_bin(std::string_view token);

// Appends one row as word2vec.c writes it, with the line feed.
void append_binary_row(std::string& bytes, std::string_view token, const float* values, size_t dim);

}  // namespace windrow::tools
