#pragma once

#include <algorithm>
#include <cstdint>

#include "base/parallel.h"
#include "table/table_data.h"

namespace windrow {

// How many threads a lookup of `ids` rows uses: entering a parallel region costs some microseconds, so each
// thread must have that much to do, and a small request stays on the caller's thread.
inline int lookup_threads(int requested, const TableData& table, size_t ids) {
  if (requested == 1) return 1;
  constexpr size_t kSmallRequest = 64;
  constexpr size_t kBytesPerThread = 64 << 10;
  if (ids <= kSmallRequest) return 1;
  const size_t worth = 1 + ids * std::max<size_t>(table.format.row_bytes(), 64) / kBytesPerThread;
  return static_cast<int>(std::min<size_t>(static_cast<size_t>(thread_count(requested)), worth));
}

}  // namespace windrow
