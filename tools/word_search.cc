#include "word_search.h"

#include <windrow/word_vectors.h>
#include <algorithm>
#include <span>
#include <string_view>

#include "base/fail.h"

namespace windrow::tools {

namespace {

constexpr size_t kBlockWords = 16384;

bool is_in(std::span<const int64_t> rows, int64_t row) {
  return std::find(rows.begin(), rows.end(), row) != rows.end();
}

// Words that may be answers, and their vectors.
struct WordBlock {
  std::vector<int64_t> rows;
  std::vector<std::string_view> words;
  std::vector<float> vectors;
};

// The next words from row `next` on, which is moved behind them.
Result<void> fill(const Table& table, const NearestOptions& options, int64_t& next, WordBlock& block) {
  const Vocabulary& vocabulary = table.vocabulary();
  block.rows.clear();
  block.words.clear();
  for (; next < vocabulary.size() && block.words.size() < kBlockWords; ++next) {
    const std::string_view word = vocabulary.token_at(next);
    if (!word.starts_with(options.token_prefix)) continue;
    block.rows.push_back(next);
    block.words.push_back(word);
  }
  const auto dim = static_cast<size_t>(table.dim());
  block.vectors.resize(block.words.size() * dim);
  auto made = word_vectors(table, block.words, RowsOut(block.vectors, dim), {}, options.threads);
  if (!made) return pass(made);
  return {};
}

// `best` and what was found in a block for a query, as rows of the table: the k best of both.
void merge(const std::vector<Neighbor>& found, const WordBlock& block, const NearestOptions& options,
           size_t query, size_t k, std::vector<Neighbor>& best) {
  std::span<const int64_t> own;
  if (!options.exclude_each.empty()) own = options.exclude_each[query];
  for (const Neighbor& neighbor : found) {
    const int64_t row = block.rows[static_cast<size_t>(neighbor.row)];
    if (!is_in(options.exclude, row) && !is_in(own, row)) best.push_back({row, neighbor.score});
  }
  // Of equal scores the smaller row is first as they come.
  const bool smallest_first = options.similarity == Similarity::kL2;
  std::stable_sort(best.begin(), best.end(), [smallest_first](const Neighbor& a, const Neighbor& b) {
    return smallest_first ? a.score < b.score : a.score > b.score;
  });
  if (best.size() > k) best.resize(k);
}

}  // namespace

bool has_composed_words(const Table& table) {
  return table.subwords() && table.vocabulary().size() > 0 && table.vocabulary().tokens_are_rows();
}

Result<std::vector<std::vector<Neighbor>>> nearest_words(const Table& table, RowsIn queries, int64_t k,
                                                         const NearestOptions& options) {
  size_t most_own = 0;
  for (const auto& own : options.exclude_each) most_own = std::max(most_own, own.size());
  const int64_t wanted = std::min(k, table.vocabulary().size());
  // More than wanted are asked for, in the place of those that are excluded.
  const int64_t asked_for = wanted + static_cast<int64_t>(options.exclude.size() + most_own);
  NearestOptions of_block;
  of_block.similarity = options.similarity;
  of_block.threads = options.threads;
  std::vector<std::vector<Neighbor>> answers(queries.rows);
  WordBlock block;
  for (int64_t next = 0; next < table.vocabulary().size();) {
    if (auto filled = fill(table, options, next, block); !filled) return pass(filled);
    auto rows = Table::wrap(block.vectors.data(), static_cast<int64_t>(block.words.size()),
                            RowFormat::f32(table.dim()));
    if (!rows) return pass(rows);
    auto found = nearest(*rows, queries, asked_for, of_block);
    if (!found) return pass(found);
    for (size_t q = 0; q < answers.size(); ++q)
      merge((*found)[q], block, options, q, static_cast<size_t>(wanted), answers[q]);
  }
  return answers;
}

}  // namespace windrow::tools
