#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <functional>

#include "io/file.h"
#include "table/checksum_map.h"

namespace windrow {

struct BlockCounts {
  uint64_t ok = 0;
  uint64_t not_computed = 0;
};

// Compares the blocks of a tensor with their checksums, and calls `bad` with the bytes [begin, end) of the tensor for each
// that does not match. By reads and not by a mapping: a bad sector is then an error and not a signal.
Result<BlockCounts> check_blocks(const io::File& file, const ChecksummedTensor& of,
                                 const std::function<void(uint64_t begin, uint64_t end)>& bad);

}  // namespace windrow
