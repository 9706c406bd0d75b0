#pragma once

#include <windrow/error.h>
#include <memory>

#include "formats/byte_reader.h"
#include "formats/reader.h"
#include "formats/source.h"
#include "formats/text_output.h"

namespace windrow::tools {

// word2vec text, which is also fastText's .vec:
//
//   ROWS DIM LF, then per row: token, a space, DIM decimal numbers with a space between two
//
// Lines end at LF alone and fields at a space alone: tokens hold every other kind of space. A CR before the
// LF, and spaces at the end of a line, are dropped. The values are the last DIM fields; the token is all
// before them, spaces included.
//
// GloVe's `-write-header 1` does not count the row <unk> that it puts last: that one more row is taken.
//
// Of `source` the path does not count: the bytes are those given.
Result<std::unique_ptr<RowReader>> read_word2vec_text(std::unique_ptr<ByteSource> bytes,
                                                      const Source& source = {});

}  // namespace windrow::tools
