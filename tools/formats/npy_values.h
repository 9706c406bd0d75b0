#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace windrow::tools {

// How the values of a .npy file become floats.
struct NpyValues {
  std::string_view descr;
  void (*decode)(const uint8_t* stored, size_t count, float* values) = nullptr;
  const char* remark = nullptr;  // on what they were; null for those that are floats already
};

// Null for types that are no numbers, or that numpy has no name for: they are bytes until the user says more.
const NpyValues* npy_values(std::string_view descr);

}  // namespace windrow::tools
