#pragma once

#include <memory>

#include "formats/byte_reader.h"
#include "formats/source.h"

namespace windrow::tools {

// The rows of a finalfusion file: first those of the words, with the words as tokens, then those of n-grams, which
// have none and which source.words_only leaves out. Rows of words are means with their n-grams already, and usually of
// length 1: source.restore_norms multiplies by what they were. Quantized rows are decoded, with the norms that belong to
// them.
Result<std::unique_ptr<RowReader>> read_finalfusion(std::unique_ptr<ByteSource> file, const Source& source);

}  // namespace windrow::tools
