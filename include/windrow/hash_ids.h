#pragma once

#include <windrow/error.h>
#include <windrow/export.h>
#include <cstdint>
#include <span>

namespace windrow {

// Feature keys to ids, for callers whose features have no dense numbers:
//
//   ids[i] = XXH3-64(the eight bytes of keys[i], lowest first; seed) mod rows
//
// XXH3: https://github.com/Cyan4973/xxHash, as in version 0.8 and later. Keys that collide share a row.
//
// Shapes:     ids has keys.size() entries.
// Errors:     kInvalidArgument  rows < 1, another number of ids. On failure ids is untouched.
// Threads:    any; nothing is allocated.
[[nodiscard]] WINDROW_API Result<void> hash_ids(std::span<const uint64_t> keys, int64_t rows, uint64_t seed,
                                                std::span<int64_t> ids);

}  // namespace windrow
