#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "format/gguf_types.h"

// GGUF files as a test wants them: what it says may be nonsense.

template <class Number>
std::string raw(Number number) {
  return std::string(reinterpret_cast<const char*>(&number), sizeof(number));
}

template <class Value>
std::string raw_values(const std::vector<Value>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value));
}

// A string as GGUF has it.
inline std::string gguf_string(std::string_view text) { return raw(uint64_t{text.size()}) + std::string(text); }

constexpr uint32_t kGgufU32 = 4, kGgufF32 = 6, kGgufBool = 7, kGgufString = 8, kGgufArray = 9, kGgufU64 = 10;

class GgufFile {
 public:
  uint32_t version = 3;
  std::string counts;      // instead of those of what was added: tensors, then values
  uint64_t alignment = 32; // of the tensors' places; the value is to be added by itself

  GgufFile& value(std::string_view key, uint32_t type, const std::string& bytes) {
    values_ += gguf_string(key) + raw(type) + bytes;
    ++value_count_;
    return *this;
  }
  GgufFile& text(std::string_view key, std::string_view text) { return value(key, kGgufString, gguf_string(text)); }
  GgufFile& number(std::string_view key, uint32_t number) { return value(key, kGgufU32, raw(number)); }
  GgufFile& strings(std::string_view key, const std::vector<std::string>& list) {
    std::string bytes = raw(kGgufString) + raw(uint64_t{list.size()});
    for (const auto& text : list) bytes += gguf_string(text);
    return value(key, kGgufArray, bytes);
  }
  GgufFile& tokens(const std::vector<std::string>& list) { return strings("tokenizer.ggml.tokens", list); }

  // `extents` as in the file: the length of a row comes first.
  GgufFile& tensor(std::string_view name, windrow::gguf::Type type, const std::vector<uint64_t>& extents,
                   const std::string& data) {
    pad(data_, alignment);
    return tensor_at(name, static_cast<uint32_t>(type), extents, data_.size(), data);
  }
  // The same with any type and offset.
  GgufFile& tensor_at(std::string_view name, uint32_t type, const std::vector<uint64_t>& extents, uint64_t offset,
                      const std::string& data) {
    infos_ += gguf_string(name) + raw(static_cast<uint32_t>(extents.size()));
    for (const uint64_t extent : extents) infos_ += raw(extent);
    infos_ += raw(type) + raw(offset);
    data_ += data;
    ++tensor_count_;
    return *this;
  }

  // All before the padding and the data.
  std::string header() const {
    return "GGUF" + raw(version) + (counts.empty() ? raw(tensor_count_) + raw(value_count_) : counts) + values_ +
           infos_;
  }
  std::string bytes() const {
    std::string file = header();
    pad(file, alignment);
    return file + data_;
  }

 private:
  static void pad(std::string& bytes, uint64_t unit) {
    while (bytes.size() % unit != 0) bytes += '\0';
  }

  std::string values_, infos_, data_;
  uint64_t value_count_ = 0, tensor_count_ = 0;
};
