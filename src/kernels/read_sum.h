#pragma once

#include <cstddef>
#include <cstdint>

namespace windrow::kernels {

// Reads memory in order and adds it up: what a machine's memory can deliver at best, to compare lookups with.
// Which way of reading is fastest differs between machines.
enum class ReadPattern : uint8_t { kPlain, kUnrolled, kPrefetched };

// The sum of the whole 64-bit words of a range, which must start at a multiple of 8.
using ReadSumFn = uint64_t (*)(const uint8_t* begin, size_t bytes);

// The kernel for this CPU.
ReadSumFn read_sum(ReadPattern pattern);

}  // namespace windrow::kernels
