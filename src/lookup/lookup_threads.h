#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/parallel.h"
#include "table/table_data.h"

namespace windrow {

// Requests of so many ids never leave their caller's thread.
constexpr size_t kSmallRequest = 64;

// What reading a row costs, in bytes: less than a cache line is not read. Bounded, so that costs of many rows can
// be added up.
inline size_t row_cost(const TableData& table) {
  return std::clamp<size_t>(table.format.row_bytes(), 64, size_t{1} << 20);
}

// How many threads a lookup of `ids` rows uses: entering a parallel region costs some microseconds, so each
// thread must have that much to do.
inline int lookup_threads(int requested, size_t ids, size_t bytes) {
  if (requested == 1) return 1;
  constexpr size_t kBytesPerThread = 64 << 10;
  if (ids <= kSmallRequest) return 1;
  const size_t worth = 1 + bytes / kBytesPerThread;
  return static_cast<int>(std::min<size_t>(static_cast<size_t>(thread_count(requested)), worth));
}

}  // namespace windrow
