#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <windrow/error.h>

namespace windrow::npy {

// The header of a .npy file (numpy's NEP 1 format, versions 1.0, 2.0 and 3.0). Bytes in memory, no I/O.

struct Header {
  std::string descr;             // "<f4", "<i8", "|u1", ...
  bool fortran_order = false;
  std::vector<uint64_t> shape;
  uint64_t data_begin = 0;
  uint64_t item_bytes = 0;
  uint64_t data_bytes = 0;       // product of shape x item_bytes

  bool c_order() const;          // row-major, or a shape for which both orders are the same
};

constexpr uint64_t kMaxHeaderBytes = 64 * 1024;

// How many bytes the header takes, from the first (up to) 12 bytes of a file.
Result<uint64_t> header_bytes(std::span<const uint8_t> start, uint64_t file_bytes);

// Parses the first header_bytes() bytes of a file of `file_bytes` bytes. kFormat: not a npy file, or damaged, or
// shorter than its header promises; kUnsupported: object, structured or byte-swapped-without-order types. Bytes
// behind the array are legal (several arrays in one file).
Result<Header> parse(std::span<const uint8_t> bytes, uint64_t file_bytes);

// The header of a new C-order file, version 1.0, with numpy's padding.
std::vector<uint8_t> header_for(std::string_view descr, std::span<const uint64_t> shape);

}  // namespace windrow::npy
