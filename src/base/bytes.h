#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace windrow {

static_assert(std::endian::native == std::endian::little,
              "the file formats are little-endian, and so must be the CPU");

// A value stored at any alignment.
template <class T>
T load(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

template <class T>
void store(uint8_t* bytes, T value) {
  std::memcpy(bytes, &value, sizeof(value));
}

}  // namespace windrow
