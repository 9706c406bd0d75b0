#include "windrow/word_vectors.h"

#include <windrow/lookup.h>

#include <algorithm>
#include <string>

#include "base/fail.h"
#include "base/guard.h"
#include "base/parallel.h"
#include "lookup/lookup_threads.h"
#include "table/request.h"
#include "table/subwords.h"
#include "table/table_data.h"

namespace windrow {

namespace {

static_assert(WordRows::kNoRow == kNoRow);

// Large, since each block enters two parallel regions, which on a busy machine wait for the last of their threads.
constexpr size_t kBlockWords = 16384;
// The work of hashing the n-grams of a word, in bytes fetched from memory in the same time.
constexpr size_t kHashCostBytes = 1024;

// Finds the rows of blocks of words, in memory that is kept from one to the next.
class RowFinder {
 public:
  RowFinder(const TableData& table, int threads)
      : table_(table),
        threads_(threads),
        no_subwords_{.buckets = 0},
        subwords_(table.subwords ? *table.subwords : no_subwords_, table.kept_buckets) {}

  // Replaces `found` by the rows of `words`.
  void find(std::span<const std::string_view> words, WordRows& found) {
    found.sources.resize(words.size());
    found.offsets.resize(words.size() + 1);
    own_rows_.resize(words.size());
    table_.vocabulary.find_numbers(words, own_rows_);
    size_t room = 0;
    found.offsets[0] = 0;
    for (size_t w = 0; w < words.size(); ++w) {
      own_rows_[w] = table_.vocabulary.row_of(own_rows_[w]).value_or(kNoRow);
      const bool known = own_rows_[w] != kNoRow;
      const size_t rows = known + (is_whole(known) ? 0 : subwords_.count(words[w]));
      found.offsets[w + 1] = found.offsets[w] + static_cast<int64_t>(rows);
      room = std::max(room, subwords_.room_for(words[w]));
    }
    found.ids.resize(static_cast<size_t>(found.offsets.back()));

    const Team team(lookup_threads(threads_, words.size(), words.size() * kHashCostBytes));
    const auto shares = static_cast<size_t>(team.size());
    marked_.resize(std::max(marked_.size(), shares));
    for (std::string& marked : marked_) marked.reserve(room);
    team.run(team.size(), [&](int thread) {
      const auto t = static_cast<size_t>(thread);
      for (size_t w = words.size() * t / shares; w < words.size() * (t + 1) / shares; ++w)
        write(words[w], own_rows_[w], marked_[t], found, w);
    });
  }

 private:
  // Whether the row of a word is all there is of it.
  bool is_whole(bool known) const { return known && table_.subwords && table_.subwords->words_are_whole; }

  void write(std::string_view word, int64_t own_row, std::string& marked, WordRows& found, size_t w) const {
    int64_t* const begin = found.ids.data() + found.offsets[w];
    int64_t* const end = found.ids.data() + found.offsets[w + 1];
    const bool known = own_row != kNoRow;
    if (known) *begin = own_row;
    if (!is_whole(known)) subwords_.write(word, marked, begin + known);
    if (known) {
      found.sources[w] = WordSource::kVocabulary;
    } else {
      const bool any = std::any_of(begin, end, [](int64_t row) { return row != kNoRow; });
      found.sources[w] = any ? WordSource::kSubwords : WordSource::kNone;
    }
  }

  const TableData& table_;
  int threads_;
  Subwords no_subwords_;
  SubwordRows subwords_;
  std::vector<int64_t> own_rows_;
  std::vector<std::string> marked_;  // one per thread
};

RowsOut part_of(const RowsOut& out, size_t first, size_t count) {
  RowsOut part = out.from_column(first * out.row_stride);
  part.rows = count;
  return part;
}

void count(std::span<const WordSource> sources, WordVectorsReport& report) {
  for (const WordSource source : sources) {
    report.from_vocabulary += source == WordSource::kVocabulary;
    report.from_subwords += source == WordSource::kSubwords;
    report.not_found += source == WordSource::kNone;
  }
}

}  // namespace

Result<WordRows> word_rows(const Table& table, std::span<const std::string_view> words, int threads) {
  return guard([&]() -> Result<WordRows> {
    WordRows rows;
    RowFinder(table.internals(), threads).find(words, rows);
    return rows;
  });
}

Result<WordVectorsReport> word_vectors(const Table& table, std::span<const std::string_view> words,
                                       RowsOut out, std::span<WordSource> sources, int threads) {
  return guard([&]() -> Result<WordVectorsReport> {
    if (auto checked = check_rows(out, words.size(), table.dim(), "out"); !checked) return pass(checked);
    if (!sources.empty() && sources.size() != words.size()) {
      return fail(ErrorCode::kInvalidArgument, "sources has ", sources.size(), " entries for ", words.size(),
                  " words: give one for each, or none");
    }
    WordVectorsReport report;
    RowFinder finder(table.internals(), threads);
    WordRows rows;
    for (size_t first = 0; first < words.size(); first += kBlockWords) {
      const size_t count_of_block = std::min(kBlockWords, words.size() - first);
      finder.find(words.subspan(first, count_of_block), rows);
      LookupOptions options;
      options.threads = threads;
      if (table.internals().kept_buckets) options.padding_id = kNoRow;
      const auto pooled =
          pool(table, rows.bags(), Pooling::kMean, part_of(out, first, count_of_block), options);
      if (!pooled) return tl::make_unexpected(pooled.error());
      count(rows.sources, report);
      if (!sources.empty()) std::copy(rows.sources.begin(), rows.sources.end(), sources.data() + first);
    }
    return report;
  });
}

}  // namespace windrow
