#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace windrow {

// The hashes by which n-grams find their buckets.

// FNV-1a of 32 bits as fastText has it: each byte is extended by its sign, so that bytes from 0x80 on also change the
// upper bits (the models were trained with what was once an oversight). `hash` is that of the bytes before.
inline uint32_t fasttext_hash(std::string_view bytes, uint32_t hash = 2166136261u) {
  for (const char c : bytes) {
    hash = (hash ^ static_cast<uint32_t>(static_cast<int8_t>(c))) * 16777619u;
  }
  return hash;
}

// MurmurHash3_x64_128 as four numbers: the low and the high half of its first 64 bits, then of the second.
// https://github.com/aappleby/smhasher: src/MurmurHash3.cpp, in the public domain
std::array<uint32_t, 4> murmur3_x64_128(std::string_view bytes, uint32_t seed);

}  // namespace windrow
