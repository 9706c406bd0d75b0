#pragma once

#include <windrow/error.h>
#include <windrow/nearest.h>
#include <windrow/table.h>
#include <windrow/views.h>
#include <cstdint>
#include <vector>

namespace windrow::tools {

// Whether a table's words have vectors that are no rows: the mean of a row and those of the word's n-grams.
bool has_composed_words(const Table& table);

// nearest() among the words of such a table, by their whole vectors, as `fasttext nn`: they are made a block at a time
// (windrow/word_vectors.h). Rows of answers are those of the words; rows of n-grams are none. Of the options those but
// `rows` and `accept` count.
Result<std::vector<std::vector<Neighbor>>> nearest_words(const Table& table, RowsIn queries, int64_t k,
                                                         const NearestOptions& options);

}  // namespace windrow::tools
