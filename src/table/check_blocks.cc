#include "table/check_blocks.h"

#include <algorithm>
#include <vector>

#include "base/bytes.h"
#include "base/fail.h"
#include "format/checksum.h"

namespace windrow {

Result<BlockCounts> check_blocks(const io::File& file, const ChecksummedTensor& of,
                                 const std::function<void(uint64_t begin, uint64_t end)>& bad) {
  BlockCounts counts;
  const uint64_t blocks = block_count(of.bytes());
  std::vector<uint8_t> entries(8 * blocks), bytes(kChecksumBlockBytes);
  if (auto read = file.read(of.entries_begin, entries); !read) return pass(read);
  for (uint64_t block = 0; block < blocks; ++block) {
    const auto expected = load<uint64_t>(entries.data() + 8 * block);
    if (expected == 0) {
      ++counts.not_computed;
      continue;
    }
    const uint64_t begin = block * kChecksumBlockBytes,
                   end = std::min(begin + kChecksumBlockBytes, of.bytes());
    const auto part = std::span(bytes).first(end - begin);
    if (auto read = file.read(of.tensor->begin + begin, part); !read) return pass(read);
    if (block_checksum(part) == expected)
      ++counts.ok;
    else
      bad(begin, end);
  }
  return counts;
}

}  // namespace windrow
