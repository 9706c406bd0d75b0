#pragma once

#include <windrow/error.h>
#include <memory>

#include "formats/byte_reader.h"
#include "formats/reader.h"
#include "formats/source.h"

namespace windrow::tools {

// What `glove -binary 1` writes: V rows of words, then V rows of contexts, each of D doubles and a bias; neither tokens
// nor a header (src/glove.c of https://github.com/stanfordnlp/GloVe, save_params). D is that of --shape. A row is the
// sum of the two, as in GloVe's text, or what --part says; the biases are left out.
//
// Of `source` the path does not count: the bytes are those given.
Result<std::unique_ptr<RowReader>> read_glove_bin(std::unique_ptr<ByteSource> bytes, const Source& source);

}  // namespace windrow::tools
