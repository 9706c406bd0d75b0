#pragma once

#include <windrow/error.h>
#include <windrow/export.h>
#include <windrow/table.h>
#include <windrow/views.h>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace windrow {

// Where the vector of a word comes from.
enum class WordSource : uint8_t {
  kVocabulary,  // the word has a row of its own (and with it those of its n-grams)
  kSubwords,    // from its n-grams alone: floret's words, and those that the vocabulary does not have
  kNone,        // the table knows nothing of it
};

// The rows of words, as bags: row t of the output of
//
//   pool(table, rows.bags(), Pooling::kMean, out, {.padding_id = WordRows::kNoRow})
//
// is the vector of word t.
struct WordRows {
  static constexpr int64_t kNoRow = -1;  // in the place of an n-gram that a pruned model has no row for

  std::vector<int64_t> ids;
  std::vector<int64_t> offsets;     // one more than words
  std::vector<WordSource> sources;  // one per word

  Bags bags() const {
    Bags bags;
    bags.ids = std::span<const int64_t>(ids);
    bags.offsets = std::span<const int64_t>(offsets);
    return bags;
  }
};

// The rows whose mean is the vector of each word: its own, where it is in the vocabulary, then those of its n-grams
// (subwords.h) in order. No rows for a word that the table knows nothing of. In a table without subwords, and in one
// whose words are whole, a word has its own row alone.
//
// Errors:  kNoMemory: 8 bytes for each row, of which a word has as many as n-grams and one more
// Threads: any number of calls at a time on one table.
[[nodiscard]] WINDROW_API Result<WordRows> word_rows(const Table& table,
                                                     std::span<const std::string_view> words,
                                                     int threads = 0);

struct WordVectorsReport {
  int64_t from_vocabulary = 0;
  int64_t from_subwords = 0;
  int64_t not_found = 0;  // their vectors are zeros
};

// The vectors of words, in the vocabulary or not: what fastText and floret give for them, but for the last bit of the
// division by the number of rows (theirs is a multiplication by the rounded reciprocal). As pool() of word_rows()
// with kMean, for any number of words in bounded memory; a word without rows gets zeros.
//
// Shapes:     out has one row per word of at least table.dim() values; sources is empty or has one entry per word.
// Errors:     kInvalidArgument  out or sources has another shape
//             kNoMemory
// On failure: kInvalidArgument: nothing was written.
// Threads:    as pool(); `threads` as LookupOptions has it.
[[nodiscard]] WINDROW_API Result<WordVectorsReport> word_vectors(const Table& table,
                                                                 std::span<const std::string_view> words,
                                                                 RowsOut out,
                                                                 std::span<WordSource> sources = {},
                                                                 int threads = 0);

}  // namespace windrow
