#pragma once

#include <cstdint>

namespace examples {

// splitmix64 of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014): one addition and a
// hash a number, so a generator for each piece of the work costs nothing to set up.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  // The generator of one piece of the work: pieces can then be done in any order, by any thread.
  static Random of_piece(uint64_t seed, uint64_t piece) { return Random(Random(Random(seed).next() + piece).next()); }

  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // In [0, count), for count < 2^32.
  uint32_t below(uint32_t count) { return static_cast<uint32_t>((next() >> 32) * count >> 32); }

  // In [0, 1).
  float uniform() { return static_cast<float>(next() >> 40) * 0x1p-24f; }

 private:
  uint64_t state_;
};

}  // namespace examples
