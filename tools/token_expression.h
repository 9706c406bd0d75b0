#pragma once

#include <windrow/error.h>
#include <windrow/nearest.h>
#include <windrow/table.h>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace windrow::tools {

// What a search is for, in words: "paris", or "king - man + woman".
struct Term {
  enum class Kind : uint8_t { kBare, kId, kToken };  // kBare: an id when it is a whole number, else a token
  std::string name;
  Kind kind = Kind::kBare;
  float sign = 1;
};
using TokenExpression = std::vector<Term>;

// Words of which a lone + or - is the sign of the next one. kInvalidArgument for a sign without a word.
Result<TokenExpression> parse_expression(std::span<const std::string_view> words);

// The expression as it is shown.
std::string expression_text(const TokenExpression& expression);

struct ExpressionQuery {
  std::vector<float> vector;
  std::vector<int64_t> rows;  // of its terms, which are no answer
};

// One term: its row. Several: for the cosine the mean of the terms' vectors at length 1, with their signs, as
// gensim's most_similar has it:
//
//   q = (sum over terms of sign * v / sqrt(dot(v, v))) / number of terms          a vector of zeros stays one
//
// else the sum with signs of the vectors as they are, in double precision. In a table with subwords a word has its whole
// vector, also one that the vocabulary does not have (windrow/word_vectors.h).
//
// kNotFound for a token, kOutOfRange for an id; the message names it.
Result<ExpressionQuery> evaluate(const Table& table, const TokenExpression& expression,
                                 Similarity similarity);

}  // namespace windrow::tools
