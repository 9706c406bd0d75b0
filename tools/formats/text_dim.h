#pragma once

#include <windrow/error.h>
#include <cstddef>
#include <cstdint>

#include "formats/byte_reader.h"

namespace windrow::tools {

// How many values the rows of a text have, from its next lines: a thousand, and fewer where they are long. Nothing is
// passed over.

struct TextDim {
  size_t dim = 0;      // 0: there is no line that could be a row
  uint64_t lines = 0;  // that were looked at
};

// Of a file that does not say it: what most lines have as fields behind the first, of equally many the smaller.
// https://nlp.stanford.edu/projects/glove: tokens of glove.840B hold spaces, so that a single line would not do.
Result<TextDim> find_text_dim(ByteReader& bytes);

// Of a file that says `declared`: that, unless most lines have fewer fields, or every line has the same number of
// numbers more. One promised value too few would turn the first value of each row into a part of its token.
Result<size_t> check_text_dim(ByteReader& bytes, size_t declared);

}  // namespace windrow::tools
