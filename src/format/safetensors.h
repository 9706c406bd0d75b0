#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <windrow/error.h>

namespace windrow::safetensors {

// The header of a safetensors file: which tensors it holds and where. Bytes in memory, no I/O.
// The format: https://github.com/huggingface/safetensors; our own layout in it: FORMAT.md.

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the limit of the reference implementation

struct Tensor {
  std::string name;
  std::string dtype;            // as the file names it: "F32", "BF16", ...
  std::vector<uint64_t> shape;
  uint64_t begin = 0;           // byte range in the file
  uint64_t end = 0;
};

struct Header {
  std::vector<Tensor> tensors;                  // by ascending begin
  std::map<std::string, std::string> metadata;
  uint64_t data_begin = 0;                      // bytes before the first tensor: 8 + N

  const Tensor* find(std::string_view name) const;
};

// Bits of one value of `dtype`; nothing for a name that is not known.
std::optional<uint64_t> bits_of(std::string_view dtype);

// How many bytes the header takes, 8 + N, from the first (up to) 8 bytes of a file of `file_bytes` bytes.
// kFormat unless 2 <= N <= kMaxHeaderBytes and the header ends inside the file.
Result<uint64_t> header_bytes(std::span<const uint8_t> start, uint64_t file_bytes);

// Parses the first header_bytes() bytes of a file of `file_bytes` bytes. Strict: the file must be one that the
// reference implementation reads, and every byte of it must be accounted for. kFormat names rule and byte.
Result<Header> parse(std::span<const uint8_t> bytes, uint64_t file_bytes);

// Lays out a new file: every tensor starts on a page of 4096 bytes, U8 fillers `_pad.N` before those that would not.
struct NewTensor {
  std::string name;
  std::string dtype;
  std::vector<uint64_t> shape;
};

struct Layout {
  std::vector<uint8_t> header;   // the first bytes of the file, a multiple of 4096
  std::vector<Tensor> tensors;   // those asked for, without fillers, in the same order
  uint64_t file_bytes = 0;
};

// kInvalidArgument: a name twice, or not valid UTF-8, or reserved; an unknown dtype; sizes beyond 2^48 bytes.
Result<Layout> lay_out(std::span<const NewTensor> tensors,
                       std::span<const std::pair<std::string, std::string>> metadata);

}  // namespace windrow::safetensors
