#include "formats/byte_reader.h"

#include <algorithm>
#include <cstring>

#include "base/fail.h"

namespace windrow::tools {

namespace {

class FileBytes : public ByteSource {
 public:
  FileBytes(std::unique_ptr<io::File> file, uint64_t size) : file_(std::move(file)), size_(size) {}
  const std::string& name() const override { return file_->path(); }
  uint64_t size() const override { return size_; }
  Result<void> read(uint64_t offset, std::span<uint8_t> bytes) const override {
    return file_->read(offset, bytes);
  }

 private:
  std::unique_ptr<io::File> file_;
  uint64_t size_;
};

class MemoryBytes : public ByteSource {
 public:
  MemoryBytes(std::string_view bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}
  const std::string& name() const override { return name_; }
  uint64_t size() const override { return bytes_.size(); }
  Result<void> read(uint64_t offset, std::span<uint8_t> bytes) const override {
    if (offset > bytes_.size() || bytes.size() > bytes_.size() - offset) {
      return fail(ErrorCode::kIo, name_, ": read past the end");
    }
    if (!bytes.empty()) std::memcpy(bytes.data(), bytes_.data() + offset, bytes.size());
    return {};
  }

 private:
  std::string bytes_;
  std::string name_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_bytes(const std::string& path) {
  auto file = io::posix().open(path, io::Access::kRead);
  if (!file) return pass(file);
  const auto size = (*file)->size();
  if (!size) return tl::make_unexpected(size.error());
  return std::make_unique<FileBytes>(std::move(*file), *size);
}

std::unique_ptr<ByteSource> bytes_in_memory(std::string_view bytes, std::string name) {
  return std::make_unique<MemoryBytes>(bytes, std::move(name));
}

Result<std::string_view> ByteReader::peek(size_t count) {
  count = static_cast<size_t>(std::min<uint64_t>(count, left()));
  if (end_ - begin_ < count) {
    if (begin_ > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    const size_t wanted = std::max(count, static_cast<size_t>(std::min<uint64_t>(buffer_bytes_, size())));
    if (buffer_.size() < wanted) buffer_.resize(wanted);
    const auto more = static_cast<size_t>(std::min<uint64_t>(buffer_.size() - end_, size() - loaded_));
    const auto read = source_->read(loaded_, {reinterpret_cast<uint8_t*>(buffer_.data()) + end_, more});
    if (!read) return tl::make_unexpected(read.error());
    end_ += more;
    loaded_ += more;
  }
  return std::string_view(buffer_.data() + begin_, count);
}

Result<std::optional<size_t>> ByteReader::find(char byte, size_t limit) {
  limit = static_cast<size_t>(std::min<uint64_t>(limit, left()));
  size_t seen = 0;  // bytes that were searched in vain
  while (true) {
    const size_t available = std::min(limit, end_ - begin_);
    if (available > seen) {
      const char* start = buffer_.data() + begin_;
      if (const void* hit = std::memchr(start + seen, byte, available - seen)) {
        return static_cast<size_t>(static_cast<const char*>(hit) - start);
      }
      seen = available;
    }
    if (seen == limit) return std::nullopt;
    const auto more = peek(std::min(limit, std::max(2 * seen, kBufferBytes)));
    if (!more) return tl::make_unexpected(more.error());
  }
}

}  // namespace windrow::tools
