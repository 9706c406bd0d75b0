#pragma once

#include <windrow/error.h>
#include <memory>

#include "formats/byte_reader.h"
#include "formats/reader.h"
#include "formats/source.h"

namespace windrow::tools {

// GloVe's text: per row token, a space, and as many decimal numbers as every row has; no first line. Lines and fields
// are those of word2vec's text. The dim is that of --shape, else what most of the first lines have. One with a first
// line "ROWS DIM" (`-write-header 1`) is word2vec's text, and read as such.
//
// Of `source` the path does not count: the bytes are those given.
Result<std::unique_ptr<RowReader>> read_glove_text(std::unique_ptr<ByteSource> bytes,
                                                   const Source& source = {});

}  // namespace windrow::tools
