#pragma once

#include <windrow/error.h>
#include <memory>
#include <string>
#include <string_view>

#include "formats/byte_reader.h"
#include "formats/reader.h"

namespace windrow::tools {

// word2vec text, which is also fastText's .vec:
//
//   ROWS DIM LF, then per row: token, a space, DIM decimal numbers with a space between two
//
// Lines end at LF alone and fields at a space alone: tokens hold every other kind of space. A CR before the
// LF, and spaces at the end of a line, are dropped. The values are the last DIM fields; the token is all
// before them, spaces included.
Result<std::unique_ptr<RowReader>> read_word2vec_text(std::unique_ptr<ByteSource> source);

// Appends one row as it stands in a file. Needs a token without LF, of at most kMaxTokenBytes.
void append_text_row(std::string& text, std::string_view token, const float* values, size_t dim);

}  // namespace windrow::tools
