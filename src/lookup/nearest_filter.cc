#include "lookup/nearest_filter.h"

#include <algorithm>

#include "base/fail.h"
#include "base/parallel.h"
#include "lookup/lookup_threads.h"

namespace windrow {

Result<RowFilter> RowFilter::make(const Table& table, const NearestOptions& options) {
  const RowRange& range = options.rows;
  if (range.begin < 0 || range.end < range.begin) {
    return fail(ErrorCode::kInvalidArgument, "rows: ", range.begin, " to ", range.end,
                " is no range; it must begin at 0 or later, and not end before");
  }
  if (!options.accept.empty() && options.accept.size() != static_cast<size_t>(table.rows())) {
    return fail(ErrorCode::kInvalidArgument, "accept: has ", options.accept.size(),
                " bytes, and the table has ", table.rows(), " rows; give one for each");
  }
  RowFilter filter;
  filter.begin_ = std::min(range.begin, table.rows());
  filter.end_ = std::min(range.end, table.rows());
  if (!options.accept.empty()) filter.marks_ = options.accept.data();
  if (options.token_prefix.empty()) return filter;
  if (table.vocabulary().size() == 0) {
    return fail(ErrorCode::kInvalidArgument,
                "token_prefix: the table has no vocabulary, whose tokens could begin with it");
  }
  constexpr size_t kTokenCost = 32;  // bytes, with where it lies
  const auto tokens = static_cast<size_t>(table.vocabulary().size());
  filter.mark_tokens(table.vocabulary(), options,
                     lookup_threads(options.threads, tokens, tokens * kTokenCost));
  return filter;
}

void RowFilter::mark_tokens(const Vocabulary& vocabulary, const NearestOptions& options, int threads) {
  const uint8_t* const accept = marks_;
  own_marks_.assign(static_cast<size_t>(end_ - begin_), 0);
  const auto mark = [&](int64_t number, int64_t row) {
    if ((!accept || accept[row]) && vocabulary.token_at(number).starts_with(options.token_prefix))
      own_marks_[static_cast<size_t>(row - begin_)] = 1;
  };
  if (vocabulary.tokens_are_rows()) {
    const int64_t rows = end_ - begin_;
    parallel(threads, [&](int thread) {
      const int64_t first = begin_ + rows / threads * thread + std::min<int64_t>(thread, rows % threads);
      const int64_t last = first + rows / threads + (thread < rows % threads ? 1 : 0);
      for (int64_t row = first; row < last; ++row) mark(row, row);
    });
  } else {  // any token of a row counts
    for (int64_t number = 0; number < vocabulary.size(); ++number) {
      const auto row = vocabulary.row_of(number);
      if (row && *row >= begin_ && *row < end_) mark(number, *row);
    }
  }
  marks_ = own_marks_.data();
  marked_from_ = begin_;
}

}  // namespace windrow
