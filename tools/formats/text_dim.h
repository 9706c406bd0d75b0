#pragma once

#include <windrow/error.h>
#include <cstddef>
#include <cstdint>

#include "formats/byte_reader.h"

namespace windrow::tools {

// How many values the rows of a text have, from its next lines: a thousand, and fewer where they are long. Nothing is
// passed over. Tokens may hold spaces and numbers, so that a single line would not do
// (https://nlp.stanford.edu/projects/glove: glove.840B has ". . ." and "at name@domain.com").
//
// Where most first fields stand in several lines, they are not the whole tokens: `item 1`, `item 2`.
//
// Errors of both: kFormat where tokens end in tabs, so that the first value would be taken as a part of each.

// Of a file that does not say it: as many numbers as most lines have at their end, of equally many the smaller; 0: there
// is no line that could be a row. Of tokens that end in numbers, one number is taken as theirs.
Result<size_t> find_text_dim(ByteReader& bytes);

// Of a file that says `declared`: that, unless most lines have fewer fields, or every line has the same number of
// numbers more, behind tokens that differ. One promised value too few would turn the first value of each row into a
// part of its token.
Result<size_t> check_text_dim(ByteReader& bytes, size_t declared);

}  // namespace windrow::tools
