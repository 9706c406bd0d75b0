#include "row_tokens.h"

namespace windrow::tools {

std::vector<std::string_view> tokens_of_rows(const Table& table, int64_t begin, int64_t end) {
  const Vocabulary& vocabulary = table.vocabulary();
  std::vector<std::string_view> tokens(static_cast<size_t>(end - begin));
  if (vocabulary.tokens_are_rows()) {
    for (int64_t row = begin; row < end; ++row)
      tokens[static_cast<size_t>(row - begin)] = vocabulary.token(row);
    return tokens;
  }
  for (int64_t number = 0; number < vocabulary.size(); ++number) {
    const auto row = vocabulary.row_of(number);
    if (!row || *row < begin || *row >= end) continue;
    std::string_view& token = tokens[static_cast<size_t>(*row - begin)];
    if (token.empty()) token = vocabulary.token_at(number);
  }
  return tokens;
}

}  // namespace windrow::tools
