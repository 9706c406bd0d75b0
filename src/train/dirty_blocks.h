#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "format/checksum.h"

namespace windrow {

// Which checksum blocks of a tensor have changed in an epoch. Any number of threads may mark
// at a time.
class DirtyBlocks {
 public:
  explicit DirtyBlocks(uint64_t tensor_bytes = 0) : marks_(block_count(tensor_bytes)) {}

  // Marks the blocks of bytes [begin, begin + bytes) of the tensor; bytes > 0.
  void mark(uint64_t begin, uint64_t bytes) {
    for (uint64_t block = begin / kChecksumBlockBytes; block <= (begin + bytes - 1) / kChecksumBlockBytes;
         ++block) {
      const std::atomic_ref entry(marks_[block]);
      // Reading first spares the other threads the loss of the cache line.
      if (!entry.load(std::memory_order_relaxed)) entry.store(1, std::memory_order_relaxed);
    }
  }

  uint64_t blocks() const { return marks_.size(); }
  // Of the same tensor, without any mark.
  DirtyBlocks empty_copy() const {
    DirtyBlocks copy;
    copy.marks_.resize(marks_.size());
    return copy;
  }
  bool is_marked(uint64_t block) const { return marks_[block] != 0; }

 private:
  std::vector<uint8_t> marks_;
};

}  // namespace windrow
