#pragma once

#include <windrow/error.h>
#include <windrow/views.h>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace windrow::tools {

// Arrays of requests and results as .npy files.

struct IdArray {
  std::vector<uint64_t> shape;
  std::vector<int32_t> small;  // one of the two holds the values
  std::vector<int64_t> large;

  Ids view() const {
    return small.empty() ? Ids(std::span<const int64_t>(large)) : Ids(std::span<const int32_t>(small));
  }
};

struct FloatArray {
  std::vector<uint64_t> shape;
  std::vector<float> values;
};

// Reads a C-order array of int32 or int64, or of float32. Any other type is kUnsupported, and the message
// says what to do with it.
Result<IdArray> read_ids(const std::string& path);
Result<FloatArray> read_floats(const std::string& path);

// Values of float32 or float16, as they stand in the file.
struct ValueArray {
  std::vector<uint64_t> shape;
  std::vector<float> floats;  // one of the two holds the values
  std::vector<uint16_t> halves;

  // Rows of `columns` values.
  RowsIn view(size_t columns) const {
    return halves.empty() ? RowsIn(std::span<const float>(floats), columns)
                          : RowsIn(std::span<const uint16_t>(halves), columns, ValueType::kF16);
  }
};
Result<ValueArray> read_float_values(const std::string& path);

// Writes rows x columns floats; the file appears whole or not at all.
Result<void> write_npy(const std::string& path, std::span<const float> values, uint64_t rows,
                       uint64_t columns);
// The same bytes, to standard output.
void print_npy(std::span<const float> values, uint64_t rows, uint64_t columns);

}  // namespace windrow::tools
