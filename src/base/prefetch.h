#pragma once

#include <cstddef>
#include <cstdint>

namespace windrow {

constexpr size_t kCacheLine = 64;

// Asks for every cache line of [bytes, bytes + count), into the second-level cache: the first level has too
// few miss buffers to keep hundreds of lines in flight (bench/README.md, "Prefetch").
//
// Always inlined: g++ 12 takes a function that only prefetches for one without effects, and drops calls of it
// that it has not inlined early. The same goes for every function that does nothing but call this one.
[[gnu::always_inline]] inline void prefetch_range(const uint8_t* bytes, size_t count) {
  const auto end = reinterpret_cast<uintptr_t>(bytes) + count;
  for (auto line = reinterpret_cast<uintptr_t>(bytes) & ~(kCacheLine - 1); line < end; line += kCacheLine) {
    __builtin_prefetch(reinterpret_cast<const void*>(line), 0, 2);
  }
}

}  // namespace windrow
