#pragma once

#include <memory>

#include "formats/byte_reader.h"
#include "formats/source.h"

namespace windrow::tools {

// The rows of one tensor of a GGUF file, `token_embd.weight` unless source.table.open names another, as floats, with
// the tokens that the model has for them. Quantized types are decoded; see gguf_blocks.h.
Result<std::unique_ptr<RowReader>> read_gguf(std::unique_ptr<ByteSource> file, const Source& source);

}  // namespace windrow::tools
