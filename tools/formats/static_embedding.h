#pragma once

#include <windrow/error.h>
#include <memory>
#include <string>

#include "formats/reader.h"
#include "formats/source.h"

namespace windrow::tools {

// The folder of a static embedding, as model2vec (https://github.com/MinishLab/model2vec) and sentence-transformers
// write it: `model.safetensors` with the rows (`embeddings`, `embedding.weight` or `0`), and beside it the tokens,
// `tokenizer.json`; in the folder itself or in 0_StaticEmbedding. model2vec may add `weights`, one per token, and
// `mapping`, the row of each token.

// The folder with the two files, if `path` is such a folder; else empty.
std::string static_embedding_folder(const std::string& path);

// Rows, and then the tokens with their rows and weights.
// kFormat: weights and mapping of different lengths, or of types that they cannot have; a row outside the table.
Result<std::unique_ptr<RowReader>> open_static_embedding(const Source& source);

}  // namespace windrow::tools
