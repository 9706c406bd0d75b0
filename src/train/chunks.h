#pragma once

#include <cstddef>
#include <vector>

namespace windrow {

// The part of `count` equal things that falls to one thread: contiguous, and in the order of the threads.
struct Chunk {
  size_t begin, end;
};
inline Chunk chunk_of(int thread, int threads, size_t count) {
  const auto t = static_cast<size_t>(thread), n = static_cast<size_t>(threads);
  const auto start = [&](size_t k) { return count / n * k + count % n * k / n; };
  return {start(t), start(t + 1)};
}

// Scratch memory that is kept from step to step only ever grows, so that a steady state allocates nothing.
template <class T>
void grow(std::vector<T>& scratch, size_t count) {
  if (scratch.size() < count) scratch.resize(count);
}

}  // namespace windrow
