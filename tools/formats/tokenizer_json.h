#pragma once

#include <windrow/error.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace windrow::tools {

struct TokenizerTokens {
  std::vector<std::pair<int64_t, std::string>> tokens;  // with their numbers, which ascend
  uint64_t replaced = 0;                                // other tokens that had one of the same numbers
};

// The tokens of a `tokenizer.json` of Hugging Face's tokenizers, with their numbers: those of
// `model.vocab`, an object of numbers by token or a list of [token, score], and those of `added_tokens`. Everything
// else is looked over. Of a number that is there twice the last token counts, as an added one that replaces another.
//
// kFormat: no JSON, or no vocabulary; a number that is none or could not be in a text of this length.
Result<TokenizerTokens> parse_tokenizer_json(std::string_view text);

}  // namespace windrow::tools
