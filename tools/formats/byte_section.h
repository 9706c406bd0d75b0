#pragma once

#include <memory>

#include "base/fail.h"
#include "formats/byte_reader.h"

namespace windrow::tools {

// A stretch of a source that several readers go over at the same time, each at its own place: the rows and the tokens
// of a file that has them apart.
class ByteSection : public ByteSource {
 public:
  // `begin` <= `end` <= whole->size().
  ByteSection(std::shared_ptr<const ByteSource> whole, uint64_t begin, uint64_t end)
      : whole_(std::move(whole)), begin_(begin), size_(end - begin) {}

  const std::string& name() const override { return whole_->name(); }
  uint64_t size() const override { return size_; }
  Result<void> read(uint64_t offset, std::span<uint8_t> bytes) const override {
    if (offset > size_ || bytes.size() > size_ - offset) {
      return fail(ErrorCode::kIo, name(), ": read past the end of a section");
    }
    return whole_->read(begin_ + offset, bytes);
  }

 private:
  std::shared_ptr<const ByteSource> whole_;
  uint64_t begin_;
  uint64_t size_;
};

inline ByteReader read_section(std::shared_ptr<const ByteSource> whole, uint64_t begin, uint64_t end) {
  return ByteReader(std::make_unique<ByteSection>(std::move(whole), begin, end));
}

}  // namespace windrow::tools
