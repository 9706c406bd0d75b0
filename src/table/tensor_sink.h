#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "io/atomic_file.h"

namespace windrow {

// Writes one tensor after another to the end of a new file, each from a page of its own, and computes the
// checksums of their blocks on the way.
class TensorSink {
 public:
  explicit TensorSink(io::AtomicFile& file);

  // Bytes of the present tensor; any number of calls.
  Result<void> put(std::span<const uint8_t> bytes);
  // A whole tensor of another file, `bytes` bytes from `offset` on, with the checksums that it has there. In parts of
  // at most kPartBytes, with a call of `between` behind each, whose error ends the work.
  Result<void> copy_tensor(const io::File& source, uint64_t offset, uint64_t bytes,
                           std::span<const int64_t> checksums,
                           const std::function<Result<void>()>& between = {});
  static constexpr uint64_t kPartBytes = 16 << 20;

  // Ends the present tensor; the next one starts on a page of 4096 bytes.
  Result<void> end_tensor();

  // One entry per block of the tensors that are done, in order.
  std::span<const int64_t> checksums() const { return checksums_; }

 private:
  Result<void> flush();

  io::AtomicFile* file_;
  std::vector<uint8_t> buffer_;  // always starts at a block boundary of the tensor
  std::vector<int64_t> checksums_;
};

}  // namespace windrow
