#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "table/table_file.h"

namespace windrow {

// The bytes of a row that a step may change, wherever they lie in the file: those of `weight`, then those of each state in
// the order of the header. One after the other they are the row's image, as journals and deltas keep it.
class RowImages {
 public:
  // Bytes [begin + row * stride, begin + row * stride + bytes) of the file.
  struct Part {
    std::string name;  // of its tensor
    uint64_t begin = 0;
    uint64_t stride = 0;
    size_t bytes = 0;

    uint64_t at(int64_t row) const { return begin + static_cast<uint64_t>(row) * stride; }
  };

  RowImages() = default;
  // kFormat: a state whose bytes are not the same for each row. kUnsupported: an image of 4 GiB or more.
  static Result<RowImages> of(const TableFile& table);

  size_t bytes() const { return bytes_; }
  std::span<const Part> parts() const { return parts_; }

  // `file` is where the file is mapped.
  void read(const uint8_t* file, int64_t row, uint8_t* image) const;
  void write(uint8_t* file, int64_t row, const uint8_t* image) const;

 private:
  std::vector<Part> parts_;
  size_t bytes_ = 0;
};

}  // namespace windrow
