#pragma once

#include <array>
#include <cstdint>

namespace windrow {

// Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as
// easy as 1, 2, 3" (2011): any value can be made by any thread, without those before it.
inline std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(product0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

// The four words for columns 4 * block .. 4 * block + 3 of `row`. Stream 0 is initialisation.
inline std::array<uint32_t, 4> philox_block(uint64_t seed, uint32_t stream, int64_t row, uint32_t block) {
  const auto bits = static_cast<uint64_t>(row);
  return philox({block, stream, static_cast<uint32_t>(bits), static_cast<uint32_t>(bits >> 32)},
                {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
}

}  // namespace windrow
