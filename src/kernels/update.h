#pragma once

#include <cstddef>
#include <cstdint>

namespace windrow::kernels {

// The inner loop of a training step: for each touched row, add up what its occurrences contribute and take
// one step of an optimiser, without storing the sum. Kernels see addresses of rows, neither ids nor files.

// The formula that changes a row; one `-inl.h` file each, and a line in WINDROW_UPDATE_RULES of update.cc.
enum class UpdateRule : uint8_t { kSgd, kAdagrad, kAdagradEpsInside };

// What a rule's formula needs, derived from the optimiser once per step.
struct UpdateScalars {
  float lr = 0;
  float eps = 0;
};

// What one occurrence of a row contributes to its gradient.
enum class Contribution : uint8_t {
  kPlain,   // v = g
  kFactor,  // v = g * factor
  kWinner,  // v = g in the columns that the occurrence won in a maximum, +0 elsewhere
};

// One entry per occurrence, grouped by row.
struct Occurrences {
  const uint8_t* const* gradients = nullptr;  // addresses of g: floats at any alignment
  size_t count = 0;                           // entries; those behind the last row are only prefetched
  const float* factors = nullptr;             // kFactor
  const uint32_t* const* winners = nullptr;   // kWinner: for each column the place that won it
  const uint32_t* places = nullptr;           // kWinner: the occurrence's own place
};

// Rows whose addresses are prefetched before their turn: the arrays of addresses reach this far beyond
// `rows`.
constexpr size_t kRowsAhead = 16;

// A run of touched rows, and the columns of them that one call updates.
struct RowUpdates {
  size_t rows = 0;
  const int64_t* bounds =
      nullptr;  // rows + 1 entries: the occurrences of row r are [bounds[r], bounds[r + 1])
  uint8_t* const* weights = nullptr;  // rows + kRowsAhead addresses; a null one behind `rows` is skipped
  uint8_t* const* states = nullptr;   // likewise; null for a rule without state
  size_t column_begin = 0;
  size_t column_end = 0;
  UpdateScalars scalars;
  Occurrences occurrences;
};

// Per column: s = v of the row's first occurrence, s = s + v of the others in order, then the rule.
using UpdateRowsFn = void (*)(const RowUpdates& updates);
UpdateRowsFn update_rows(UpdateRule rule, Contribution contribution);

}  // namespace windrow::kernels
