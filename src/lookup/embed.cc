#include "windrow/embed.h"

#include <windrow/lookup.h>
#include <windrow/word_vectors.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/fail.h"
#include "base/guard.h"
#include "lookup/unknown_token.h"
#include "table/request.h"

namespace windrow {

namespace {

constexpr size_t kBlockTokens = 16384;  // texts are done as many at a time as have these together, or one
constexpr size_t kBlockTexts = 4096;
constexpr int64_t kModel2vecTokens = 512;

// Float rows, one behind another, as a table.
Result<Table> as_table(const std::vector<float>& rows, int64_t dim) {
  return Table::wrap(rows.data(), static_cast<int64_t>(rows.size()) / dim, RowFormat::f32(dim));
}

// out[i] = dot(row i, row i)
Result<void> squares_of(const std::vector<float>& rows, int64_t dim, int threads, std::vector<float>& out) {
  auto table = as_table(rows, dim);
  if (!table) return pass(table);
  std::vector<int64_t> ids(static_cast<size_t>(table->rows()));
  std::iota(ids.begin(), ids.end(), 0);
  const std::vector<int64_t> lengths(ids.size(), 1);
  Bags each;
  each.ids = std::span<const int64_t>(ids);
  each.lengths = std::span<const int64_t>(lengths);
  out.resize(ids.size());
  auto dotted = dot_bags(*table, each, RowsIn(rows, static_cast<size_t>(dim)), out, {.threads = threads});
  if (!dotted) return pass(dotted);
  return {};
}

// What the texts of a block are made of: for each token that is used its row, or its place among `vectors`.
struct Used {
  std::vector<int64_t> ids;
  std::vector<float> weights;  // or none
  std::vector<int64_t> offsets{0};

  Bags bags() const {
    Bags bags;
    bags.ids = std::span<const int64_t>(ids);
    bags.offsets = std::span<const int64_t>(offsets);
    bags.weights = weights;
    return bags;
  }
  void clear() {
    ids.clear();
    weights.clear();
    offsets.assign(1, 0);
  }
  void end_text() { offsets.push_back(static_cast<int64_t>(ids.size())); }
  int64_t length(size_t text) const { return offsets[text + 1] - offsets[text]; }
};

// Whether tokens count with their vectors as words, n-grams included, and not with their rows.
bool by_word_vectors(const EmbedOptions& options) {
  return options.recipe == Recipe::kFasttext ||
         (options.recipe == Recipe::kMean && options.tokens.unknown == UnknownTokens::kSubwords);
}

// The texts of a block: positions [bounds[0], bounds.back()) of the request, one text between two bounds.
struct Block {
  std::span<const int64_t> bounds;

  size_t texts() const { return bounds.size() - 1; }
  size_t begin() const { return static_cast<size_t>(bounds[0]); }
  size_t tokens() const { return static_cast<size_t>(bounds.back() - bounds[0]); }
};

class Embedder {
 public:
  // `numbers`, where tokens are given by number; else `tokens` has them.
  Embedder(const Table& table, std::span<const std::string_view> tokens, const Ids* numbers,
           const EmbedOptions& options)
      : table_(table), tokens_(tokens), numbers_(numbers), options_(options) {}

  Result<EmbedReport> run(std::span<const int64_t> bounds, RowsOut out) {
    size_t text = 0;
    while (text + 1 < bounds.size()) {
      size_t end = text + 1;
      while (end + 1 < bounds.size() && end - text < kBlockTexts &&
             static_cast<size_t>(bounds[end + 1] - bounds[text]) <= kBlockTokens) {
        ++end;
      }
      const Block block{bounds.subspan(text, end - text + 1)};
      RowsOut part = out.from_column(text * out.row_stride);
      part.rows = block.texts();
      if (auto done = embed_block(block, part); !done) return pass(done);
      text = end;
    }
    return report_;
  }

 private:
  Result<void> embed_block(const Block& block, RowsOut out) {
    texts_.assign(block.texts() * dim(), 0.0f);
    used_.clear();
    if (auto summed = by_word_vectors(options_) ? sum_vectors(block) : sum_rows(block); !summed)
      return summed;
    for (size_t t = 0; t < block.texts(); ++t) report_.empty_texts += used_.length(t) == 0;
    report_.used_tokens += used_.offsets.back();
    if (options_.normalize) {
      if (auto normalized = normalize(); !normalized) return normalized;
    }
    return hand_over(out);
  }

  // The mean of rows, each times its weight.
  Result<void> sum_rows(const Block& block) {
    const Vocabulary& vocabulary = table_.vocabulary();
    token_numbers(block);
    const bool model2vec = options_.recipe == Recipe::kModel2vec;
    const bool weighted = model2vec && vocabulary.has_weights();
    for (size_t text = 0; text < block.texts(); ++text) {
      const auto first = used_.ids.size();
      for (int64_t p = block.bounds[text]; p < block.bounds[text + 1]; ++p) {
        if (model2vec && used_.ids.size() - first == kModel2vecTokens) break;
        const int64_t number = token_numbers_[static_cast<size_t>(p) - block.begin()];
        std::optional<int64_t> row = row_of(number);
        if (!row) {
          ++report_.unknown_tokens;
          if (options_.tokens.unknown == UnknownTokens::kError) return unknown(static_cast<size_t>(p));
          if (options_.tokens.unknown != UnknownTokens::kRow) continue;
          row = options_.tokens.unknown_row;
        }
        used_.ids.push_back(*row);
        if (weighted) used_.weights.push_back(vocabulary.weight_of(number));
      }
      used_.end_text();
    }
    return pool_into_texts(table_, Pooling::kMean);
  }

  // The mean of word vectors, or of the same as unit vectors.
  Result<void> sum_vectors(const Block& block) {
    token_words(block);
    vectors_.resize(words_.size() * dim());
    sources_.resize(words_.size());
    auto found = word_vectors(table_, words_, RowsOut(vectors_, dim()), sources_, options_.threads);
    if (!found) return pass(found);
    report_.unknown_tokens += found->from_subwords + found->not_found;
    report_.unknown_tokens += static_cast<int64_t>(block.tokens() - words_.size());
    const bool unit = options_.recipe == Recipe::kFasttext;
    if (unit) {
      if (auto squared = squares_of(vectors_, table_.dim(), options_.threads, squares_); !squared)
        return squared;
    }
    for (size_t text = 0; text < block.texts(); ++text) {
      for (int64_t p = block.bounds[text]; p < block.bounds[text + 1]; ++p) {
        const std::optional<size_t> word = word_at_[static_cast<size_t>(p) - block.begin()];
        if (!word || sources_[*word] == WordSource::kNone) {
          if (options_.tokens.unknown == UnknownTokens::kError) return unknown(static_cast<size_t>(p));
          continue;
        }
        if (unit && !(squares_[*word] > 0)) continue;
        used_.ids.push_back(static_cast<int64_t>(*word));
        if (unit) used_.weights.push_back(1.0f / std::sqrt(squares_[*word]));
      }
      used_.end_text();
    }
    if (words_.empty()) return {};
    auto vectors = as_table(vectors_, table_.dim());
    if (!vectors) return pass(vectors);
    return pool_into_texts(*vectors, Pooling::kMean);
  }

  Result<void> pool_into_texts(const Table& table, Pooling pooling) {
    auto pooled = pool(table, used_.bags(), pooling, RowsOut(texts_, dim()), {.threads = options_.threads});
    if (!pooled) return pass(pooled);
    return {};
  }

  Result<void> normalize() {
    if (auto squared = squares_of(texts_, table_.dim(), options_.threads, squares_); !squared) return squared;
    for (size_t t = 0; t < squares_.size(); ++t) {
      if (!(squares_[t] > 0)) continue;
      const float length = std::sqrt(squares_[t]);
      for (size_t c = 0; c < dim(); ++c) texts_[t * dim() + c] /= length;
    }
    return {};
  }

  // The finished floats, rounded where `out` is narrower.
  Result<void> hand_over(RowsOut out) {
    auto texts = as_table(texts_, table_.dim());
    if (!texts) return pass(texts);
    std::vector<int64_t> ids(static_cast<size_t>(texts->rows()));
    std::iota(ids.begin(), ids.end(), 0);
    auto gathered = gather(*texts, std::span<const int64_t>(ids), out, {.threads = 1});
    if (!gathered) return pass(gathered);
    return {};
  }

  void token_numbers(const Block& block) {
    token_numbers_.resize(block.tokens());
    if (!numbers_)
      return table_.vocabulary().find_numbers(tokens_.subspan(block.begin(), block.tokens()), token_numbers_);
    for (size_t i = 0; i < block.tokens(); ++i) token_numbers_[i] = (*numbers_)[block.begin() + i];
  }

  void token_words(const Block& block) {
    const Vocabulary& vocabulary = table_.vocabulary();
    words_.clear();
    word_at_.assign(block.tokens(), std::nullopt);
    for (size_t i = 0; i < block.tokens(); ++i) {
      const size_t p = block.begin() + i;
      if (numbers_ && !vocabulary.row_of((*numbers_)[p])) continue;  // the number of no word
      word_at_[i] = words_.size();
      words_.push_back(numbers_ ? vocabulary.token_at((*numbers_)[p]) : tokens_[p]);
    }
  }

  std::optional<int64_t> row_of(int64_t number) const {
    if (table_.vocabulary().size() > 0 || !numbers_) return table_.vocabulary().row_of(number);
    return number >= 0 && number < table_.rows() ? std::optional<int64_t>(number) : std::nullopt;
  }

  tl::unexpected<Error> unknown(size_t position) const {
    if (!numbers_) return unknown_token(position, tokens_[position]);
    return fail(ErrorCode::kNotFound, "ids[", position, "] is ", (*numbers_)[position],
                ", which is the number of no token");
  }

  size_t dim() const { return static_cast<size_t>(table_.dim()); }

  const Table& table_;
  std::span<const std::string_view> tokens_;
  const Ids* numbers_;
  const EmbedOptions& options_;
  EmbedReport report_;
  Used used_;
  std::vector<int64_t> token_numbers_;
  std::vector<std::string_view> words_;
  std::vector<std::optional<size_t>>
      word_at_;                 // which of the words stands at a position; nothing for bad numbers
  std::vector<float> vectors_;  // of words
  std::vector<WordSource> sources_;
  std::vector<float> squares_;
  std::vector<float> texts_;  // the block's results
};

Result<EmbedReport> embed_bags(const Table& table, std::span<const std::string_view> tokens,
                               const Ids* numbers, const Bags& bags, RowsOut out,
                               const EmbedOptions& options) {
  BagOffsets offsets;
  if (auto read = offsets.read(bags); !read) return pass(read);
  if (auto checked = check_rows(out, offsets.bags(), table.dim(), "out"); !checked) return pass(checked);
  if (auto checked = check_token_options(table, options.tokens); !checked) return pass(checked);
  if (options.recipe == Recipe::kModel2vec && options.tokens.unknown == UnknownTokens::kSubwords) {
    return fail(ErrorCode::kInvalidArgument,
                "kSubwords: model2vec has none; unknown tokens are left out (kSkip)");
  }
  return Embedder(table, tokens, numbers, options).run(offsets.bounds(), out);
}

}  // namespace

Result<EmbedReport> embed(const Table& table, const TokenBags& texts, RowsOut out,
                          const EmbedOptions& options) {
  return guard([&]() -> Result<EmbedReport> {
    Bags bags;
    bags.ids.count = texts.tokens.size();  // only their number counts
    bags.offsets = texts.offsets;
    bags.lengths = texts.lengths;
    return embed_bags(table, texts.tokens, nullptr, bags, out, options);
  });
}

Result<EmbedReport> embed(const Table& table, const Bags& bags, RowsOut out, const EmbedOptions& options) {
  return guard([&]() -> Result<EmbedReport> {
    if (!bags.weights.empty()) {
      return fail(ErrorCode::kInvalidArgument,
                  "weights: the recipe decides what tokens weigh; pool() takes weights");
    }
    if (by_word_vectors(options) && table.vocabulary().size() == 0) {
      return fail(ErrorCode::kInvalidArgument,
                  "kFasttext and kSubwords: the table has no vocabulary, and so no words");
    }
    return embed_bags(table, {}, &bags.ids, bags, out, options);
  });
}

}  // namespace windrow
