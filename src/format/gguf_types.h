#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace windrow::gguf {

// How tensors of a GGUF file are stored: values of a row in blocks of so many, each block so many bytes.
// The numbers are those of `enum ggml_type`: https://github.com/ggml-org/ggml/blob/master/include/ggml.h; the sizes
// are those of the blocks in ggml/src/ggml-common.h, which gguf-py/gguf/constants.py lists.
enum class Type : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kBF16 = 30,
};

struct TypeInfo {
  uint32_t type;
  std::string_view name;     // as ggml has it: "F32", "Q4_K"
  uint32_t values_in_block;  // 0: a type whose size is not known here
  uint32_t block_bytes;
};

std::span<const TypeInfo> types();
const TypeInfo* find_type(uint32_t type);

// "Q4_K", or "type 99" for a number that is not known.
std::string type_name(uint32_t type);

}  // namespace windrow::gguf
