#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace windrow {

// Sorts 64-bit keys by some of their bits, keeping keys that are equal in these bits in order: a radix sort
// from the least significant digit up (Knuth, The Art of Computer Programming, volume 3, section 5.2.5).
class RadixSort {
 public:
  // Makes room. May throw bad_alloc.
  void reserve(int bits, int threads);

  // Sorts the first `count` of `keys` by the `bits` bits from `first_bit` on. `spare` is as large as `keys`;
  // the two may be swapped. count < 2^32. There is room for as many bits and threads.
  void sort(std::vector<uint64_t>& keys, std::vector<uint64_t>& spare, size_t count, int first_bit, int bits,
            int threads);

 private:
  std::vector<uint32_t> counts_;  // a histogram for each thread
};

}  // namespace windrow
