#pragma once

#include <windrow/views.h>
#include <cstddef>
#include <cstdint>

namespace windrow::kernels {

// Unbiased rounding to 16 bits (FORMAT.md, "Stochastic rounding"): between the two stored numbers around |x|, away
// from zero when what lies above the lower one, in 2^16 (bf16) or 2^13 (f16) parts of their distance, plus as many
// low bits of a random word reaches the whole. Exact values never move. NaN, infinity and what is beyond the largest
// finite number are rounded to nearest.

// words[c] = word c mod 4 of Philox4x32-10 with counter {c / 4, stream, row's low, row's high 32 bits} and the seed
// as key, for columns [0, columns). Room for kRandomSlack more words is needed.
constexpr size_t kRandomSlack = 64;
using RandomWordsFn = void (*)(uint64_t seed, uint32_t stream, int64_t row, size_t columns, uint32_t* words);
RandomWordsFn random_words();

// out[i] = values[i], rounded by words[i]. `out` may have any alignment.
using RoundFn = void (*)(const float* values, const uint32_t* words, size_t count, uint8_t* out);
RoundFn round_stochastically(ValueType type);  // kF16 or kBf16

}  // namespace windrow::kernels
