#pragma once

#include <windrow/row_format.h>
#include <windrow/trainer.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "support/reference_rows.h"

// How a step stores a row, written from the comments in trainer.h and kernels/stochastic.h as plainly as possible. It
// is the oracle of the tests and is never made faster.

// Philox4x32-10, by Salmon, Moraes, Dror and Shaw (2011), section 3.3.
inline std::array<uint32_t, 4> reference_philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{counter[0]} * 0xD2511F53, b = uint64_t{counter[2]} * 0xCD9E8D57;
    counter = {static_cast<uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(b),
               static_cast<uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(a)};
    key = {key[0] + 0x9E3779B9, key[1] + 0xBB67AE85};
  }
  return counter;
}

inline uint32_t reference_word(uint64_t seed, int64_t stream, int64_t row, size_t column) {
  const auto number = static_cast<uint64_t>(row);
  return reference_philox({static_cast<uint32_t>(column / 4), static_cast<uint32_t>(stream),
                           static_cast<uint32_t>(number), static_cast<uint32_t>(number >> 32)},
                          {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)})[column % 4];
}

inline float reference_widened(windrow::ValueType type, uint16_t code) {
  return type == windrow::ValueType::kF16 ? reference_f16(code) : reference_bf16(code);
}
inline uint16_t reference_nearest(windrow::ValueType type, float value) {
  return type == windrow::ValueType::kF16 ? reference_to_f16(value) : reference_to_bf16(value);
}

// The neighbours of |x| are the codes `low` and `low + 1`. In double, where differences of floats are exact here.
inline uint16_t reference_stochastic(windrow::ValueType type, float value, uint32_t word) {
  const uint16_t largest = type == windrow::ValueType::kF16 ? 0x7bff : 0x7f7f;
  const int bits = type == windrow::ValueType::kF16 ? 13 : 16;
  const float magnitude = std::fabs(value);
  if (!(magnitude <= reference_widened(type, largest))) return reference_nearest(type, value);
  uint16_t low = 0;  // the largest code that is not above the value
  for (uint16_t step = 0x4000; step > 0; step = static_cast<uint16_t>(step >> 1)) {
    const auto next = static_cast<uint16_t>(low + step);
    if (next <= largest && reference_widened(type, next) <= magnitude) low = next;
  }
  const double below = reference_widened(type, low);
  if (magnitude > below) {
    const double above = reference_widened(type, static_cast<uint16_t>(low + 1));
    const auto part = static_cast<uint32_t>(std::floor((magnitude - below) / (above - below) * std::ldexp(1.0, bits)));
    const uint32_t random = word & ((1u << bits) - 1);
    if (part + random >= 1u << bits) ++low;
  }
  return static_cast<uint16_t>(low | (std::signbit(value) ? 0x8000 : 0));
}
