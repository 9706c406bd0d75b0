#pragma once

#include <windrow/error.h>
#include <windrow/maintenance.h>
#include <cstdint>
#include <functional>
#include <string>

#include "io/file.h"
#include "table/checksum_map.h"

namespace windrow {

struct BlockCounts {
  uint64_t ok = 0;
  uint64_t not_computed = 0;
};

// Compares the blocks of a tensor of a table of `rows` rows with their checksums, and calls `bad` for each that does not
// match. By reads and not by a mapping: a bad sector is then an error and not a signal.
Result<BlockCounts> check_blocks(const io::File& file, const ChecksummedTensor& of, int64_t rows,
                                 const std::function<void(BadBlock)>& bad);

// Says what is wrong with the first block that does not match, or else how many have no checksum. Empty where all match.
Result<std::string> find_damage(const io::File& file, const ChecksummedTensor& of, int64_t rows);

}  // namespace windrow
