#pragma once

#include <cstddef>
#include <cstdint>

namespace windrow::kernels {

// Rows of one bag, all of them or the next ones.
struct WinnersRun {
  const uint8_t* const* rows;  // addresses of floats, of any alignment
  const uint32_t* places;      // one per row
  size_t count;                // at least 1
  bool begins;                 // the first rows of the bag; else `best` and `winners` hold what came before
};

// The maximum of each of the columns [begin, end), and the place of the row that gave it:
//
//   best = row 0, winner = places[0]; then for each later row i: if row i > best: best = row i, winner = places[i]
//
// so the first of equal values wins, and a NaN is never beaten and beats nothing. Both arrays are indexed by
// column.
using FindWinnersFn = void (*)(const WinnersRun& run, size_t begin, size_t end, float* best,
                               uint32_t* winners);
FindWinnersFn find_winners();

}  // namespace windrow::kernels
