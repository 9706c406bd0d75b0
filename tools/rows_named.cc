#include "rows_named.h"

#include "base/fail.h"
#include "format/text.h"
#include "formats/numbers.h"
#include "verb.h"

namespace windrow::tools {

namespace {

Result<NamedRow> row_of_token(const Table& table, const std::string& token) {
  const auto row = table.vocabulary().find(token);
  if (row) return NamedRow{*row, token};
  return fail(ErrorCode::kNotFound, "the token ", in_quotes(token), " is not in the table",
              table.vocabulary().size() == 0 ? ", which has no vocabulary" : "");
}

}  // namespace

Result<std::vector<NamedRow>> find_rows(const Table& table, const RowNames& names, bool bare_tokens) {
  std::vector<NamedRow> rows;
  std::vector<std::string> tokens;
  for (const std::string& word : names.bare) {
    if (const auto id = parse_integer(word)) {
      rows.push_back({*id, word});
    } else if (bare_tokens) {
      tokens.push_back(word);
    } else {
      throw WrongUsage{concat(in_quotes(word), " is no id; tokens are given with --token")};
    }
  }
  for (const int64_t id : names.ids) rows.push_back({id, std::to_string(id)});
  for (const NamedRow& row : rows) {
    if (row.id < 0 || row.id >= table.rows()) {
      return fail(ErrorCode::kOutOfRange, "id ", row.id, " is not in the table, ",
                  table.rows() == 0 ? "which has no rows" : concat("whose rows are 0 to ", table.rows() - 1),
                  table.vocabulary().size() > 0 ? "; --token takes a number for a token" : "");
    }
  }
  tokens.insert(tokens.end(), names.tokens.begin(), names.tokens.end());
  for (const std::string& token : tokens) {
    auto row = row_of_token(table, token);
    if (!row) return pass(row);
    rows.push_back(std::move(*row));
  }
  if (rows.empty()) throw WrongUsage{"no row was named: give ids, or tokens with --token"};
  return rows;
}

}  // namespace windrow::tools
