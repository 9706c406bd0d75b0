#pragma once

#include <algorithm>
#include <bit>
#include <limits>

#include "base/bytes.h"
#include "kernels/scales.h"

namespace windrow::kernels {

// Chooses the scale of a block of columns, stores it at `at` and returns what it stands for: so that `largest`,
// the largest magnitude of the block, becomes at most `most`, the largest code. 1 for a block of zeros.
//
//   f32     max(largest / most, 2^-126)           never so small that it loses digits
//   bf16    the same, rounded up
//   ue8m0   the smallest power of two, from 2^-127 on, with largest / scale <= most
inline float choose_scale(RowFormat::ScaleType type, float largest, float most, uint8_t* at) {
  if (type == RowFormat::ScaleType::kUe8m0) {
    const auto numerator = std::bit_cast<int32_t>(largest), denominator = std::bit_cast<int32_t>(most);
    constexpr int32_t kFraction = 0x7fffff;
    const int32_t exponent =
        (numerator >> 23) - (denominator >> 23) + 127 + ((numerator & kFraction) > (denominator & kFraction));
    at[0] = static_cast<uint8_t>(largest == 0 ? 127 : std::max(exponent, 0));
    return float_of_ue8m0(at[0]);
  }
  const float scale = largest == 0 ? 1.0f : std::max(largest / most, std::numeric_limits<float>::min());
  if (type == RowFormat::ScaleType::kF32) {
    store(at, scale);
    return scale;
  }
  const uint32_t rounded_up = std::bit_cast<uint32_t>(scale) + 0xffff;
  store(at, static_cast<uint16_t>(rounded_up >> 16));
  return std::bit_cast<float>(rounded_up & 0xffff0000);
}

}  // namespace windrow::kernels
