#include <cstring>
#include <limits>

#include "base/fail.h"
#include "train/trainer_state.h"

namespace windrow {

// On the caller's thread alone: the call has no options to say otherwise, and copying waits for memory
// anyway.
Result<void> Trainer::State::write_rows(Ids ids, RowsIn values) {
  if (ids.count > std::numeric_limits<uint32_t>::max()) {
    return fail(ErrorCode::kInvalidArgument, ids.count, " rows in one call; at most 2^32 - 1 are possible");
  }
  if (ids.count == 0) return {};
  if (auto coalesced = last_writers.run({ids, {}, {}, {}}, table->rows, 1); !coalesced) return coalesced;
  if (auto begun = begin_changes(); !begun) return begun;
  const auto bounds = last_writers.bounds();
  const size_t row_bytes = table->format.row_bytes();
  for (size_t r = 0; r < last_writers.rows(); ++r) {
    const auto last = static_cast<size_t>(last_writers.source(static_cast<size_t>(bounds[r + 1] - 1)));
    const uint64_t at = static_cast<uint64_t>(last_writers.row(r)) * weights.stride_bytes;
    const auto* from = static_cast<const uint8_t*>(values.data) + last * values.row_stride * sizeof(float);
    std::memcpy(weights.base + at, from, row_bytes);
    weights.blocks.mark(at, row_bytes);
  }
  return {};
}

}  // namespace windrow
