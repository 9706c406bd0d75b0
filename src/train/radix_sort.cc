#include "train/radix_sort.h"

#include <algorithm>
#include <utility>

#include "base/parallel.h"
#include "train/chunks.h"

namespace windrow {

namespace {

// 2^11 counters of 4 bytes fit the first-level cache beside the keys; more bits a pass would save no pass for
// tables below 2^22 rows.
constexpr int kMaxDigitBits = 11;

// Passes over `bits` bits, and how many of them each takes.
int pass_count(int bits) {
  return (bits + kMaxDigitBits - 1) / kMaxDigitBits;
}
int bits_per_pass(int bits) {
  return (bits + pass_count(bits) - 1) / pass_count(bits);
}

struct Digit {
  int shift;
  uint64_t mask;
  size_t operator()(uint64_t key) const { return static_cast<size_t>(key >> shift & mask); }
};

void count_digits(const uint64_t* keys, Chunk chunk, Digit digit, uint32_t* counts) {
  std::fill_n(counts, digit.mask + 1, 0);
  for (size_t i = chunk.begin; i < chunk.end; ++i) ++counts[digit(keys[i])];
}

// Turns the counts into where each thread's first key of each digit goes: smaller digits come first, and of
// equal ones those of earlier threads.
void counts_to_places(uint32_t* counts, size_t digits, int threads) {
  uint32_t before = 0;
  for (size_t value = 0; value < digits; ++value) {
    for (int t = 0; t < threads; ++t) {
      uint32_t& entry = counts[static_cast<size_t>(t) * digits + value];
      before += std::exchange(entry, before);
    }
  }
}

void move_keys(const uint64_t* keys, Chunk chunk, Digit digit, uint32_t* places, uint64_t* sorted) {
  for (size_t i = chunk.begin; i < chunk.end; ++i) sorted[places[digit(keys[i])]++] = keys[i];
}

}  // namespace

void RadixSort::reserve(int bits, int threads) {
  if (bits > 0) grow(counts_, static_cast<size_t>(threads) << bits_per_pass(bits));
}

void RadixSort::sort(std::vector<uint64_t>& keys, std::vector<uint64_t>& spare, size_t count, int first_bit,
                     int bits, int threads) {
  if (bits == 0) return;
  const int passes = pass_count(bits), digit_bits = bits_per_pass(bits);
  const size_t digits = size_t{1} << digit_bits;
  for (int pass = 0; pass < passes; ++pass) {
    const Digit digit{first_bit + pass * digit_bits, digits - 1};
    const uint64_t* from = keys.data();
    uint64_t* to = spare.data();
    const auto counts_of = [&](int thread) { return counts_.data() + static_cast<size_t>(thread) * digits; };
    parallel(threads, [&](int t) { count_digits(from, chunk_of(t, threads, count), digit, counts_of(t)); });
    counts_to_places(counts_.data(), digits, threads);
    parallel(threads, [&](int t) { move_keys(from, chunk_of(t, threads, count), digit, counts_of(t), to); });
    keys.swap(spare);
  }
}

}  // namespace windrow
