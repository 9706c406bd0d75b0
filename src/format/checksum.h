#pragma once

#include <cstdint>
#include <span>

#include "format/safetensors.h"

namespace windrow {

// Block checksums: one XXH3-64 (seed 0) per 64 KiB block of every tensor but `_meta`, `_pad.*` and `checksum`, in
// header order; each tensor's blocks start at its own first byte, the last may be short. 0 means "not computed",
// so a computed 0 is stored as 1.

constexpr uint64_t kChecksumBlockBytes = 65536;

bool is_checksummed(std::string_view tensor_name);

uint64_t block_count(uint64_t tensor_bytes);
// Blocks of all tensors of a file that are checksummed: the number of entries of `checksum`.
uint64_t block_count(std::span<const safetensors::Tensor> tensors);

// A stored entry: never 0.
uint64_t block_checksum(std::span<const uint8_t> block);

}  // namespace windrow
