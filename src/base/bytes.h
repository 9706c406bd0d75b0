#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

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

// The bytes of an array of plain values: a vector, a span, a text.
template <class Values>
std::span<const uint8_t> bytes_of(const Values& values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(*values.data())};
}

}  // namespace windrow
