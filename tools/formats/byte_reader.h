#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/file.h"

namespace windrow::tools {

// Where bytes come from: a file, or memory in tests.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual const std::string& name() const = 0;  // for messages
  virtual uint64_t size() const = 0;
  virtual Result<void> read(uint64_t offset, std::span<uint8_t> bytes) const = 0;
};

Result<std::unique_ptr<ByteSource>> open_bytes(const std::string& path);
std::unique_ptr<ByteSource> bytes_in_memory(std::string_view bytes, std::string name = "memory");

// Reads a source from front to back through a buffer that grows only for what is asked for at once.
class ByteReader {
 public:
  static constexpr size_t kBufferBytes = 256 * 1024;

  explicit ByteReader(std::unique_ptr<ByteSource> source, size_t buffer_bytes = kBufferBytes)
      : source_(std::move(source)), buffer_bytes_(buffer_bytes) {}

  const std::string& name() const { return source_->name(); }
  uint64_t size() const { return source_->size(); }
  uint64_t position() const { return loaded_ - (end_ - begin_); }  // of the next byte
  uint64_t left() const { return size() - position(); }

  // The next `count` bytes, or as many as are left. Valid until the next call.
  Result<std::string_view> peek(size_t count);
  // Passes over bytes that peek() or find() have seen.
  void skip(size_t count) { begin_ += count; }
  // Gives up the source, and the place in it.
  std::unique_ptr<ByteSource> release() { return std::move(source_); }

  // What is in the buffer, from the next byte on. Valid until the next call.
  std::string_view buffered() const { return {buffer_.data() + begin_, end_ - begin_}; }
  // How many bytes stand before the next `byte`, or nothing when it is not among the next `limit` bytes.
  Result<std::optional<size_t>> find(char byte, size_t limit);

 private:
  std::unique_ptr<ByteSource> source_;
  size_t buffer_bytes_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // the unread bytes are buffer_[begin_, end_)
  size_t end_ = 0;
  uint64_t loaded_ = 0;  // bytes of the source that were loaded
};

}  // namespace windrow::tools
