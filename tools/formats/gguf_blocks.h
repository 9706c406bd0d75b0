#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace windrow::tools {

// Turns `count` blocks of a GGUF tensor, one after another, into floats; a block may be a single value.
using DecodeBlocks = void (*)(const uint8_t* blocks, size_t count, float* values);

// Null for types that are not read: F32 F16 BF16, Q8_0, Q4_0 Q4_1 Q5_0 Q5_1, Q4_K Q5_K Q6_K are.
DecodeBlocks decoder_of_blocks(uint32_t type);

// "F32, F16, ...", for messages.
std::string decoded_types();

}  // namespace windrow::tools
