#include <algorithm>

#include "base/fail.h"
#include "base/guard.h"
#include "format/text.h"
#include "lookup/unknown_token.h"
#include "windrow/embed.h"

namespace windrow {

Result<void> check_token_options(const Table& table, const TokenOptions& options) {
  if (options.unknown != UnknownTokens::kRow) return {};
  if (options.unknown_row >= 0 && options.unknown_row < table.rows()) return {};
  return fail(ErrorCode::kInvalidArgument, "unknown_row is ", options.unknown_row, ", and the table has ",
              table.rows(), " rows");
}

tl::unexpected<Error> unknown_token(size_t position, std::string_view token) {
  return fail(ErrorCode::kNotFound, "tokens[", position, "] is ", in_quotes(token),
              ", which the vocabulary does not have");
}

Result<int64_t> token_rows(const Table& table, std::span<const std::string_view> tokens,
                           std::span<int64_t> rows, const TokenOptions& options) {
  return guard([&]() -> Result<int64_t> {
    if (rows.size() != tokens.size()) {
      return fail(ErrorCode::kInvalidArgument, "rows has ", rows.size(), " entries for ", tokens.size(),
                  " tokens");
    }
    if (options.unknown == UnknownTokens::kSubwords) {
      return fail(ErrorCode::kInvalidArgument,
                  "kSubwords: an unknown word has a vector but no row; word_vectors() and embed() give it");
    }
    if (auto checked = check_token_options(table, options); !checked) return pass(checked);
    const Vocabulary& vocabulary = table.vocabulary();
    vocabulary.find_numbers(tokens, rows);
    int64_t unknown = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto row = vocabulary.row_of(rows[i]);
      if (!row && options.unknown == UnknownTokens::kError) return unknown_token(i, tokens[i]);
      rows[i] = row.value_or(options.unknown == UnknownTokens::kRow ? options.unknown_row : -1);
      unknown += !row;
    }
    return unknown;
  });
}

}  // namespace windrow
