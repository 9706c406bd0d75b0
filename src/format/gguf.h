#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace windrow::gguf {

// The header of a GGUF file, in which llama.cpp keeps its models: which tensors it holds and where, and what is said
// of them. The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little-endian.
//
//   'GGUF' u32 version, u64 tensors, u64 values | values | tensors | padding | data
//   string = u64 length, bytes             value  = string key, u32 type, that; of type array: u32 type, u64 n, items
//   tensor = string name, u32 dimensions, u64 extent of each, u32 type, u64 offset from where the data begin

// Strings of a list, one after another in the file.
struct StringList {
  uint64_t count = 0;
  uint64_t begin = 0;  // bytes of the file
  uint64_t end = 0;
};

struct Tensor {
  std::string name;
  uint32_t type = 0;            // see gguf_types.h
  std::vector<uint64_t> shape;  // the length of a row comes last, unlike in the file
  uint64_t begin = 0;           // bytes of the file
  uint64_t end = 0;             // `begin` where the size of the type is not known
};

struct Header {
  std::vector<Tensor> tensors;                  // as they are listed
  std::map<std::string, std::string> metadata;  // numbers, truth values and short texts; no lists
  std::optional<StringList> tokens;             // `tokenizer.ggml.tokens`
  uint64_t data_begin = 0;

  const Tensor* find(std::string_view name) const;
};

// The bytes of a file from `offset` on, all of them or an error.
using Read = std::function<Result<void>(uint64_t offset, std::span<uint8_t> bytes)>;

// Names and keys that are kept while a header is read: far more than any model has.
constexpr uint64_t kMaxHeaderMemory = uint64_t{64} << 20;

// Reads the header of a file of `file_bytes` bytes through a small buffer: no number in it is trusted before it was
// held against the bytes that are left, and lists are passed over. Since tensors are listed behind the tokens of a
// model, and each string has to be passed for the next to be found, this takes milliseconds for 256 thousand tokens.
// Errors: kFormat       not a GGUF file, or damaged, or shorter than its header promises; names the byte
//         kUnsupported  version 1, or big-endian
//         those of `read`
Result<Header> read_header(const Read& read, uint64_t file_bytes);

}  // namespace windrow::gguf
