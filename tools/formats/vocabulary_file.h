#pragma once

#include <windrow/error.h>
#include <memory>

#include "formats/byte_reader.h"
#include "formats/reader.h"

namespace windrow::tools {

// Gives the rows of a source without tokens the lines of a file as tokens: one per row, any bytes but LF; a CR before the
// LF is dropped. Where each of the first lines ends in a space and a whole number, as in word2vec's and GloVe's
// vocabularies, the numbers are counts and no part of the tokens.
//
// The number of lines must be that of the rows: kFormat otherwise, and the message has both.
std::unique_ptr<RowReader> with_vocabulary(std::unique_ptr<RowReader> rows,
                                           std::unique_ptr<ByteSource> vocabulary);

}  // namespace windrow::tools
