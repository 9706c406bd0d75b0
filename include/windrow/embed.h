#pragma once

#include <windrow/error.h>
#include <windrow/export.h>
#include <windrow/table.h>
#include <windrow/views.h>
#include <cstdint>
#include <span>
#include <string_view>

namespace windrow {

// Tokens in, vectors out: the rows of tokens, and vectors of whole texts. Splitting text into tokens is the caller's.

// What a token is that the vocabulary does not have.
enum class UnknownTokens : uint8_t {
  kError,     // an error that names the token and its position
  kSkip,      // left out, and counted
  kRow,       // another row stands for it: TokenOptions::unknown_row
  kSubwords,  // the mean of the rows of its n-grams (subwords.h); left out where there are none
};

struct TokenOptions {
  UnknownTokens unknown = UnknownTokens::kError;
  int64_t unknown_row = 0;
};

// rows[i] = the row of tokens[i], by the vocabulary of the table. With kSkip the row of an unknown token is -1, which
// gather() and pool() leave out with `.padding_id = -1`. Returns how many tokens were unknown.
//
// Shapes:     rows has one entry per token.
// Errors:     kNotFound         an unknown token, with kError; the message gives position and token
//             kInvalidArgument  rows of another length; unknown_row outside the table; kSubwords, since an unknown
//                               word is no single row (word_vectors() and embed() know it)
// On failure: with kNotFound rows holds nothing of use, else it is untouched.
// Threads:    any number of calls at a time on one table.
[[nodiscard]] WINDROW_API Result<int64_t> token_rows(const Table& table,
                                                     std::span<const std::string_view> tokens,
                                                     std::span<int64_t> rows,
                                                     const TokenOptions& options = {});

// How the vectors of tokens become that of a text.
enum class Recipe : uint8_t {
  // The mean of the tokens' rows. With UnknownTokens::kSubwords, of their vectors as word_vectors() has them, so that
  // the n-grams of words that are known count as well.
  kMean,
  // model2vec and static embeddings of sentence-transformers: the mean of weight(token) x row(token) over the first 512
  // tokens that are known, divided by how many those are. A vocabulary without weights has 1 for each.
  // https://github.com/MinishLab/model2vec: StaticModel._encode_batch
  kModel2vec,
  // fastText's print-sentence-vectors of models that are not supervised: the mean of v / |v| over the words whose
  // vector v, as word_vectors() has it, is not zero.
  // https://github.com/facebookresearch/fastText: src/fasttext.cc, FastText::getSentenceVector
  kFasttext,
};

struct EmbedOptions {
  Recipe recipe = Recipe::kMean;
  bool normalize = false;  // divide each vector by its length; zeros stay zeros
  // kModel2vec takes no kSubwords; kFasttext looks all words up as with kSubwords, and then goes by kError or kSkip (as
  // which it takes the others).
  TokenOptions tokens = {.unknown = UnknownTokens::kSkip};
  int threads = 0;  // as LookupOptions
};

struct EmbedReport {
  int64_t used_tokens = 0;
  int64_t unknown_tokens = 0;  // that the vocabulary does not have, used or not
  int64_t empty_texts = 0;     // without a token that could be used: their vectors are zeros
};

// Texts as runs of tokens: text t has tokens [offsets[t], offsets[t + 1]); offsets (or lengths) as in `Bags`.
struct TokenBags {
  std::span<const std::string_view> tokens;
  Ids offsets;
  Ids lengths;
};

// One vector per text. All sums are those of pool(), in the order of the tokens; squares of lengths have the eight
// partial sums of dot_bags(). Memory grows with the longest text, and not with their number.
//
// Shapes:     out has one row per text of at least table.dim() values.
// Errors:     kNotFound         an unknown token, with kError; the message gives position and token
//             kInvalidArgument  offsets that break the rule of `Bags`; out of another shape; unknown_row outside the
//                               table; kModel2vec with kSubwords
//             kNoMemory
// On failure: kInvalidArgument: nothing was written; else out may hold the vectors of some texts.
// Threads:    any number of calls at a time on one table.
[[nodiscard]] WINDROW_API Result<EmbedReport> embed(const Table& table, const TokenBags& texts, RowsOut out,
                                                    const EmbedOptions& options = {});

// The same of texts whose tokens are given by number (vocabulary.h), as tokenisers do; where the table has no
// vocabulary, by row. A number that no token has is an unknown token. bags.weights must be empty.
//
// Errors:     further kInvalidArgument: weights; kFasttext and kSubwords on a table without vocabulary
[[nodiscard]] WINDROW_API Result<EmbedReport> embed(const Table& table, const Bags& bags, RowsOut out,
                                                    const EmbedOptions& options = {});

}  // namespace windrow
