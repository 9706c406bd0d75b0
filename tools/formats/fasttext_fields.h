#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/checked.h"
#include "base/fail.h"
#include "formats/byte_reader.h"

namespace windrow::tools {

// Takes the fields of a fastText model one after another. After the first error, which error() keeps, each field is 0.
class FasttextFields {
 public:
  FasttextFields(std::shared_ptr<const ByteSource> source, uint64_t position)
      : source_(std::move(source)), position_(position) {}

  const std::shared_ptr<const ByteSource>& source() const { return source_; }
  uint64_t position() const { return position_; }
  uint64_t left() const { return source_->size() - position_; }
  bool failed() const { return error_.has_value(); }
  const Error& error() const { return *error_; }

  template <class Number>
  Number take(std::string_view name) {
    Number number = 0;
    take_into(&number, sizeof(number), name);
    return number;
  }

  std::vector<float> take_floats(uint64_t count, std::string_view name) {
    if (!has(count, sizeof(float), name)) return {};
    std::vector<float> values(static_cast<size_t>(count));
    take_into(values.data(), values.size() * sizeof(float), name);
    return values;
  }

  // Passes over an array, and gives its first byte.
  uint64_t skip(uint64_t count, uint64_t item_bytes, std::string_view name) {
    const uint64_t begin = position_;
    if (has(count, item_bytes, name)) position_ += count * item_bytes;
    return begin;
  }
  void go_to(uint64_t position) { position_ = position; }

  // Whether an array is all there.
  bool has(uint64_t count, uint64_t item_bytes, std::string_view name) {
    if (failed()) return false;
    const auto bytes = checked_mul(count, item_bytes);
    if (bytes && *bytes <= left()) return true;
    refuse(name, " should follow, ", count, " times ", item_bytes, " bytes, but the file ends ", left(),
           " bytes on");
    return false;
  }

  template <class... Parts>
  void refuse(const Parts&... parts) {
    if (failed()) return;
    error_ = Error{ErrorCode::kFormat, concat(source_->name(), ": byte ", position_, ": ", parts...)};
  }
  void refuse_with(Error error) {
    if (!failed()) error_ = std::move(error);
  }

 private:
  void take_into(void* to, size_t bytes, std::string_view name) {
    if (failed()) return;
    if (bytes > left()) return refuse("the file ends inside ", name);
    const auto read = source_->read(position_, {static_cast<uint8_t*>(to), bytes});
    if (!read) {
      error_ = read.error();
    } else {
      position_ += bytes;
    }
  }

  std::shared_ptr<const ByteSource> source_;
  uint64_t position_;
  std::optional<Error> error_;
};

}  // namespace windrow::tools
