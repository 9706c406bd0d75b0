#include "table/subwords_hash.h"

#include <bit>
#include <cstring>

#include "base/bytes.h"

namespace windrow {

namespace {

constexpr uint64_t kFirst = 0x87c37b91114253d5, kSecond = 0x4cf5ad432745937f;

uint64_t mixed_first(uint64_t k) {
  return std::rotl(k * kFirst, 31) * kSecond;
}
uint64_t mixed_second(uint64_t k) {
  return std::rotl(k * kSecond, 33) * kFirst;
}

// fmix64: each bit of the result depends on all of `k`.
uint64_t avalanche(uint64_t k) {
  k = (k ^ k >> 33) * 0xff51afd7ed558ccd;
  k = (k ^ k >> 33) * 0xc4ceb9fe1a85ec53;
  return k ^ k >> 33;
}

}  // namespace

std::array<uint32_t, 4> murmur3_x64_128(std::string_view bytes, uint32_t seed) {
  uint64_t first = seed, second = seed;
  std::string_view left = bytes;
  for (; left.size() >= 16; left.remove_prefix(16)) {
    const auto* block = reinterpret_cast<const uint8_t*>(left.data());
    first = (std::rotl(first ^ mixed_first(load<uint64_t>(block)), 27) + second) * 5 + 0x52dce729;
    second = (std::rotl(second ^ mixed_second(load<uint64_t>(block + 8)), 31) + first) * 5 + 0x38495ab5;
  }
  // The reference leaves out a word without bytes; that of zeros, which stands here for it, changes nothing either.
  uint8_t tail[16] = {};
  if (!left.empty()) std::memcpy(tail, left.data(), left.size());
  first ^= mixed_first(load<uint64_t>(tail));
  second ^= mixed_second(load<uint64_t>(tail + 8));

  first ^= bytes.size();
  second ^= bytes.size();
  first += second;
  second += first;
  first = avalanche(first);
  second = avalanche(second);
  first += second;
  second += first;
  return {static_cast<uint32_t>(first), static_cast<uint32_t>(first >> 32), static_cast<uint32_t>(second),
          static_cast<uint32_t>(second >> 32)};
}

}  // namespace windrow
