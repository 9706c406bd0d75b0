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

RowNamer::RowNamer(const Table& table, std::span<const int64_t> rows, std::string_view prefix)
    : vocabulary_(table.vocabulary()) {
  if (vocabulary_.tokens_are_rows()) return;
  for (const int64_t row : rows) names_.emplace(row, std::string_view());
  size_t nameless = names_.size();
  for (int64_t number = 0; nameless > 0 && number < vocabulary_.size(); ++number) {
    const auto row = vocabulary_.row_of(number);
    const auto named = row ? names_.find(*row) : names_.end();
    const std::string_view token = vocabulary_.token_at(number);
    if (named == names_.end() || named->second.data() || !token.starts_with(prefix)) continue;
    named->second = token;
    --nameless;
  }
}

std::string RowNamer::operator()(int64_t row) const {
  if (!has_tokens()) return std::to_string(row);
  return std::string(vocabulary_.tokens_are_rows() ? vocabulary_.token(row) : names_.at(row));
}

}  // namespace windrow::tools
