#include "table/tensor_sink.h"

#include <algorithm>

#include "base/checked.h"
#include "format/checksum.h"

namespace windrow {

namespace {
constexpr size_t kBufferBytes =
    16 * kChecksumBlockBytes;  // 1 MiB: a multiple of the block, large enough for the disk
constexpr size_t kPage = 4096;
}  // namespace

TensorSink::TensorSink(io::AtomicFile& file) : file_(&file) {
  buffer_.reserve(kBufferBytes);
}

Result<void> TensorSink::put(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const size_t taken = std::min(bytes.size(), kBufferBytes - buffer_.size());
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(taken));
    bytes = bytes.subspan(taken);
    if (buffer_.size() == kBufferBytes) {
      if (auto flushed = flush(); !flushed) return flushed;
    }
  }
  return {};
}

Result<void> TensorSink::copy_tensor(const io::File& source, uint64_t offset, uint64_t bytes,
                                     std::span<const int64_t> checksums,
                                     const std::function<Result<void>()>& between) {
  for (uint64_t done = 0; done < bytes;) {
    const uint64_t part = std::min(kPartBytes, bytes - done);
    if (auto copied = file_->append_from(source, offset + done, part); !copied) return copied;
    done += part;
    if (!between) continue;
    if (auto go_on = between(); !go_on) return go_on;
  }
  checksums_.insert(checksums_.end(), checksums.begin(), checksums.end());
  return end_tensor();
}

Result<void> TensorSink::flush() {
  for (size_t at = 0; at < buffer_.size(); at += kChecksumBlockBytes) {
    const auto block =
        std::span(buffer_).subspan(at, std::min<size_t>(kChecksumBlockBytes, buffer_.size() - at));
    checksums_.push_back(static_cast<int64_t>(block_checksum(block)));
  }
  auto written = file_->append(buffer_);
  buffer_.clear();
  return written;
}

Result<void> TensorSink::end_tensor() {
  if (auto flushed = flush(); !flushed) return flushed;
  static constexpr uint8_t kZeros[kPage] = {};
  const uint64_t position = file_->position();
  return file_->append(std::span(kZeros, round_up(position, kPage) - position));
}

}  // namespace windrow
