#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace windrow::tools {

// How stored values become floats.
struct NumberValues {
  std::string_view descr;  // numpy's name: "<f8"
  void (*decode)(const uint8_t* stored, size_t count, float* values) = nullptr;
  const char* remark = nullptr;  // on what they were; null for those that are floats already
};

// Null for types that are no numbers, or that numpy has no name for: they are bytes until the user says more.
const NumberValues* number_values(std::string_view descr);

// The same by the name of a safetensors dtype. Null also for the types that rows of a table are of.
const NumberValues* number_values_of_dtype(std::string_view dtype);

}  // namespace windrow::tools
