#include "delta/row_tokens.h"

#include "base/fail.h"

namespace windrow {

Result<std::vector<std::string_view>> tokens_of_rows(const Vocabulary& vocabulary,
                                                     std::span<const int64_t> rows, const std::string& what) {
  if (vocabulary.size() == 0 || !vocabulary.tokens_are_rows()) {
    return fail(ErrorCode::kUnsupported, what,
                ": a delta with tokens is of a table whose tokens have a row each; this has ",
                vocabulary.size() == 0 ? "no tokens" : "tokens that share rows");
  }
  std::vector<std::string_view> tokens;
  tokens.reserve(rows.size());
  for (const int64_t row : rows) tokens.push_back(vocabulary.token(row));
  return tokens;
}

}  // namespace windrow
