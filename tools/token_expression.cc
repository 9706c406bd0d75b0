#include "token_expression.h"

#include <windrow/lookup.h>
#include <windrow/word_vectors.h>

#include <cmath>

#include "base/fail.h"
#include "format/text.h"
#include "formats/numbers.h"
#include "rows_named.h"
#include "word_search.h"

namespace windrow::tools {

namespace {

Result<WordVectorsReport> read_word(const Table& table, std::string_view word, std::vector<float>& vector) {
  return word_vectors(table, {&word, 1}, RowsOut(vector, vector.size()));
}

// The row of a term, and its vector; no row for a word that is known by its n-grams alone.
Result<std::optional<int64_t>> look_up(const Table& table, const Term& term, std::vector<float>& vector) {
  const bool is_token =
      term.kind == Term::Kind::kToken || (term.kind == Term::Kind::kBare && !parse_integer(term.name));
  if (is_token && table.subwords() && !table.vocabulary().find(term.name)) {
    const auto found = read_word(table, term.name, vector);
    if (!found) return tl::make_unexpected(found.error());
    if (found->from_subwords == 1) return std::nullopt;
  }
  RowNames names;
  (is_token ? names.tokens : names.bare).push_back(term.name);
  const auto rows = find_rows(table, names, true);
  if (!rows) return tl::make_unexpected(rows.error());
  const int64_t row = rows->front().id;
  if (has_composed_words(table) && row < table.vocabulary().size()) {
    if (auto read = read_word(table, table.vocabulary().token_at(row), vector); !read) return pass(read);
    return row;
  }
  if (auto read = gather(table, Ids(std::span(&row, 1)), RowsOut(vector, vector.size())); !read)
    return pass(read);
  return row;
}

// Adds sign x vector, or sign x vector / |vector|.
void add_term(const std::vector<float>& vector, double sign, bool unit, std::vector<double>& sum) {
  double squares = 0;
  for (const float x : vector) squares += static_cast<double>(x) * static_cast<double>(x);
  const double factor = unit && squares > 0 ? sign / std::sqrt(squares) : sign;
  for (size_t c = 0; c < vector.size(); ++c) sum[c] += factor * static_cast<double>(vector[c]);
}

}  // namespace

Result<TokenExpression> parse_expression(std::span<const std::string_view> words) {
  TokenExpression terms;
  float sign = 1;
  bool after_sign = false;
  for (const std::string_view word : words) {
    if (word == "+" || word == "-") {
      if (after_sign) {
        return fail(ErrorCode::kInvalidArgument, in_quotes(word),
                    " follows another sign: a word is missing between them");
      }
      sign = word == "-" ? -1.0f : 1.0f;
      after_sign = true;
      continue;
    }
    terms.push_back({std::string(word), Term::Kind::kBare, sign});
    sign = 1;
    after_sign = false;
  }
  if (after_sign) return fail(ErrorCode::kInvalidArgument, "the last sign has no word behind it");
  return terms;
}

std::string expression_text(const TokenExpression& expression) {
  std::string text;
  for (const Term& term : expression) {
    const bool negative = term.sign < 0;
    if (!text.empty()) {
      text += negative ? " - " : " + ";
    } else if (negative) {
      text += "- ";
    }
    text += term.name;
  }
  return text;
}

Result<ExpressionQuery> evaluate(const Table& table, const TokenExpression& expression,
                                 Similarity similarity) {
  ExpressionQuery query;
  std::vector<float> vector(static_cast<size_t>(table.dim()));
  std::vector<double> sum(vector.size());
  const bool several = expression.size() > 1;
  const bool unit = several && similarity == Similarity::kCosine;
  for (const Term& term : expression) {
    const auto row = look_up(table, term, vector);
    if (!row) return tl::make_unexpected(row.error());
    if (*row) query.rows.push_back(**row);
    add_term(vector, static_cast<double>(term.sign), unit, sum);
  }
  const double count = unit ? static_cast<double>(expression.size()) : 1.0;
  for (const double x : sum) query.vector.push_back(static_cast<float>(x / count));
  return query;
}

}  // namespace windrow::tools
