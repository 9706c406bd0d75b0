#pragma once

#include <windrow/error.h>
#include <cstddef>
#include <cstdint>

namespace windrow::tools {

enum class PageSize : uint8_t { k4KiB, k2MiB };

// Memory for benchmarks, which may be read as rows of any format, from any start and with any stride.
//
// Every byte is a random one of 0x38..0x3f and 0xb8..0xbf. Whatever number is read from such bytes, wherever it
// begins, is an ordinary one, never NaN, infinite or subnormal, which some processors handle more slowly:
//   f32, bf16     2^-15 to 2 in magnitude, of either sign
//   f16           0.5 to 2
//   fp8 e4m3      1 to 1.875
//   fp8 e5m2      0.5 to 1.75
//   ue8m0         2^-71 to 2^-64 and 2^57 to 2^64
// So values, scales and biases need no place of their own, and one filling serves all formats in turn.
class BenchMemory {
 public:
  // Takes addresses, but no memory yet. kNoMemory.
  static Result<BenchMemory> reserve(size_t bytes, PageSize pages);

  ~BenchMemory();
  BenchMemory(BenchMemory&& other) noexcept;
  BenchMemory& operator=(BenchMemory&& other) noexcept;

  // The first `bytes` bytes, at most as many as reserved, filled at first use. They begin at a multiple of 2 MiB.
  // kNoMemory when the system has not as much left: benchmarks must not push others out of memory.
  Result<const uint8_t*> first(size_t bytes);

 private:
  BenchMemory(void* reserved, size_t reserved_bytes, PageSize pages);

  void* reserved_;
  size_t reserved_bytes_;
  uint8_t* begin_;
  size_t filled_ = 0;
};

}  // namespace windrow::tools
