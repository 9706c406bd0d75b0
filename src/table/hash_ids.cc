#include "windrow/hash_ids.h"

#include <xxhash.h>

#include "base/fail.h"
#include "base/guard.h"

namespace windrow {

Result<void> hash_ids(std::span<const uint64_t> keys, int64_t rows, uint64_t seed, std::span<int64_t> ids) {
  return guard([&]() -> Result<void> {
    if (rows < 1) return fail(ErrorCode::kInvalidArgument, "rows is ", rows, ", and must be at least 1");
    if (ids.size() != keys.size()) {
      return fail(ErrorCode::kInvalidArgument, "ids: holds ", ids.size(), " entries for ", keys.size(),
                  " keys, and must hold one for each");
    }
    for (size_t i = 0; i < keys.size(); ++i) {
      const uint64_t hash = XXH3_64bits_withSeed(&keys[i], sizeof(keys[i]), seed);
      ids[i] = static_cast<int64_t>(hash % static_cast<uint64_t>(rows));
    }
    return {};
  });
}

}  // namespace windrow
