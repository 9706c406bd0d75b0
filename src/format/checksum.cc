#include "format/checksum.h"

#include <xxhash.h>

namespace windrow {

bool is_checksummed(std::string_view tensor_name) {
  return tensor_name != "_meta" && tensor_name != "checksum" && !tensor_name.starts_with("_pad.");
}

uint64_t block_count(uint64_t tensor_bytes) {
  return tensor_bytes / kChecksumBlockBytes + (tensor_bytes % kChecksumBlockBytes != 0);
}

uint64_t block_count(std::span<const safetensors::Tensor> tensors) {
  uint64_t blocks = 0;
  for (const auto& tensor : tensors) {
    if (is_checksummed(tensor.name)) blocks += block_count(tensor.end - tensor.begin);
  }
  return blocks;
}

uint64_t block_checksum(std::span<const uint8_t> block) {
  const uint64_t sum = XXH3_64bits(block.data(), block.size());
  return sum == 0 ? 1 : sum;  // 0 stands for "not computed"
}

}  // namespace windrow
