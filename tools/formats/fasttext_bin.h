#pragma once

#include <memory>

#include "formats/byte_reader.h"
#include "formats/reader.h"

namespace windrow::tools {

// fastText's models, .bin and .ftz: a row per word, then those of n-grams; with `words_only` a row per word, the mean
// of its own and those of its n-grams, as in a .vec file.
Result<std::unique_ptr<RowReader>> read_fasttext_bin(std::shared_ptr<const ByteSource> source,
                                                     bool words_only = false, bool lenient = false);

}  // namespace windrow::tools
