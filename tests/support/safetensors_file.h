#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "format/npy.h"
#include "format/safetensors.h"
#include "support/temporary_folder.h"

// Safetensors files as other programs write them: tensors back to back, no padding anywhere, so that nothing is
// aligned. The names and contents are the test's; what it says may be nonsense.

struct FileTensor {
  std::string name;
  std::string dtype;
  std::vector<uint64_t> shape;
  std::vector<uint8_t> bytes;
};

template <class Value>
std::vector<uint8_t> as_bytes(const std::vector<Value>& values) {
  const auto bytes = windrow::bytes_of(values);
  return {bytes.begin(), bytes.end()};
}

inline FileTensor f32_tensor(std::string name, std::vector<uint64_t> shape,
                             const std::vector<float>& values) {
  return {std::move(name), "F32", std::move(shape), as_bytes(values)};
}

// A tensor of a known dtype, of any bytes.
inline FileTensor random_tensor(std::string name, std::string dtype, std::vector<uint64_t> shape,
                                uint64_t seed) {
  uint64_t bytes = windrow::safetensors::bits_of(dtype).value() / 8;
  for (const uint64_t extent : shape) bytes *= extent;
  FileTensor tensor{std::move(name), std::move(dtype), std::move(shape), std::vector<uint8_t>(bytes)};
  std::mt19937_64 random(seed);
  for (auto& byte : tensor.bytes) byte = static_cast<uint8_t>(random());
  return tensor;
}

// A file of any header text and any data.
inline void write_safetensors_text(const std::string& path, const std::string& json,
                                   const std::vector<uint8_t>& data) {
  std::vector<uint8_t> file(8);
  windrow::store<uint64_t>(file.data(), json.size());
  file.insert(file.end(), json.begin(), json.end());
  file.insert(file.end(), data.begin(), data.end());
  write_all(path, file);
}

inline void write_safetensors_file(const std::string& path, const std::vector<FileTensor>& tensors) {
  std::string json;
  std::vector<uint8_t> data;
  for (const auto& tensor : tensors) {
    std::string shape;
    for (const uint64_t extent : tensor.shape) shape += (shape.empty() ? "" : ",") + std::to_string(extent);
    json += (json.empty() ? "{\"" : ",\"") + tensor.name + "\":{\"dtype\":\"" + tensor.dtype +
            "\",\"shape\":[" + shape + "],\"data_offsets\":[" + std::to_string(data.size()) + ",";
    data.insert(data.end(), tensor.bytes.begin(), tensor.bytes.end());
    json += std::to_string(data.size()) + "]}";
  }
  write_safetensors_text(path, json.empty() ? "{}" : json + "}", data);
}

inline void write_npy_file(const std::string& path, const char* descr, std::vector<uint64_t> shape,
                           const std::vector<uint8_t>& data) {
  auto bytes = windrow::npy::header_for(descr, shape);
  bytes.insert(bytes.end(), data.begin(), data.end());
  write_all(path, bytes);
}
