#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/fail.h"
#include "format/gguf.h"

namespace windrow::gguf {

// Goes over the bytes of a header from front to back.
class Cursor {
 public:
  Cursor(const Read& read, uint64_t file_bytes) : read_(read), file_bytes_(file_bytes) {}

  uint64_t position() const { return loaded_ - (end_ - begin_); }
  uint64_t left() const { return file_bytes_ - position(); }

  template <class... Parts>
  tl::unexpected<Error> wrong(const Parts&... parts) const {
    return fail(ErrorCode::kFormat, parts..., " (byte ", position(), ")");
  }

  template <class T>
  Result<T> number(const char* what) {
    if (left() < sizeof(T)) return wrong("the file ends in ", what, ": truncated?");
    if (auto filled = fill(sizeof(T)); !filled) return pass(filled);
    T value;
    std::memcpy(&value, buffer_.data() + begin_, sizeof(T));
    begin_ += sizeof(T);
    return value;
  }

  // The length of a string, checked against the bytes that are left.
  Result<uint64_t> string_length(const char* what) {
    auto length = number<uint64_t>(what);
    if (length && *length > left()) {
      return wrong(what, " of ", *length, " bytes, but only ", left(), " are left in the file");
    }
    return length;
  }

  // A string of at most `limit` bytes.
  Result<std::string> string(const char* what, uint64_t limit) {
    const auto length = string_length(what);
    if (!length) return tl::make_unexpected(length.error());
    if (*length > limit) return wrong(what, " of ", *length, " bytes; at most ", limit, " are allowed");
    return bytes(static_cast<size_t>(*length));
  }

  // The next `count` bytes, of those that are left.
  Result<std::string> bytes(size_t count) {
    if (auto filled = fill(count); !filled) return pass(filled);
    std::string text(reinterpret_cast<const char*>(buffer_.data()) + begin_, count);
    begin_ += count;
    return text;
  }

  // Passes over bytes, which must be there, without reading more than the buffer has.
  void skip(uint64_t bytes) {
    if (bytes <= end_ - begin_) {
      begin_ += static_cast<size_t>(bytes);
      return;
    }
    loaded_ = position() + bytes;
    begin_ = end_ = 0;
  }

 private:
  static constexpr size_t kBufferBytes = 64 * 1024;

  // Makes the next `bytes` bytes, of those that are left, stand in the buffer.
  Result<void> fill(size_t bytes) {
    if (end_ - begin_ >= bytes) return {};
    if (buffer_.size() < kBufferBytes) buffer_.resize(kBufferBytes);
    if (begin_ > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    if (buffer_.size() < bytes) buffer_.resize(bytes);
    const auto more = static_cast<size_t>(std::min<uint64_t>(buffer_.size() - end_, file_bytes_ - loaded_));
    if (auto done = read_(loaded_, std::span(buffer_).subspan(end_, more)); !done) return done;
    end_ += more;
    loaded_ += more;
    return {};
  }

  const Read& read_;
  uint64_t file_bytes_;
  std::vector<uint8_t> buffer_;
  size_t begin_ = 0;  // what is to be read next is buffer_[begin_, end_)
  size_t end_ = 0;
  uint64_t loaded_ = 0;  // where in the file the buffer ends
};

}  // namespace windrow::gguf
