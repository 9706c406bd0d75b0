#pragma once

#include <windrow/row_format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

// What the bytes of a row mean, written from the comments in row_format.h and the definitions of the number
// formats as plainly as possible. It is the oracle of the tests and is never made faster.

// A number of `exponent_bits` and `fraction_bits`, IEEE-like: the highest exponent is infinity and NaN.
inline float reference_small_float(uint32_t code, int exponent_bits, int fraction_bits) {
  const uint32_t fraction = code & ((1u << fraction_bits) - 1);
  const uint32_t exponent = (code >> fraction_bits) & ((1u << exponent_bits) - 1);
  const float sign = (code >> (fraction_bits + exponent_bits)) & 1 ? -1.0f : 1.0f;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  if (exponent == (1u << exponent_bits) - 1) {
    return fraction ? std::numeric_limits<float>::quiet_NaN() : sign * std::numeric_limits<float>::infinity();
  }
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), 1 - bias - fraction_bits);
  return sign * std::ldexp(static_cast<float>(fraction | (1u << fraction_bits)),
                           static_cast<int>(exponent) - bias - fraction_bits);
}

inline float reference_f16(uint16_t code) { return reference_small_float(code, 5, 10); }
inline float reference_e5m2(uint8_t code) { return reference_small_float(code, 5, 2); }
inline float reference_bf16(uint16_t code) { return std::bit_cast<float>(uint32_t{code} << 16); }
inline float reference_ue8m0(uint8_t code) {
  return code == 255 ? std::numeric_limits<float>::quiet_NaN() : std::ldexp(1.0f, code - 127);
}

// OCP e4m3: the highest exponent is an ordinary one but for the two codes of NaN.
inline float reference_e4m3(uint8_t code) {
  if ((code & 0x7f) == 0x7f) return std::numeric_limits<float>::quiet_NaN();
  if ((code & 0x78) == 0x78) return (code & 0x80 ? -1.0f : 1.0f) * std::ldexp(static_cast<float>(8 + (code & 7)), 5);
  return reference_small_float(code, 4, 3);
}

template <class T>
T reference_load(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

inline float reference_scale(const windrow::RowFormat& format, const uint8_t* scales, size_t column) {
  const size_t block = column / static_cast<size_t>(format.block);
  switch (format.scale_type) {
    case windrow::RowFormat::ScaleType::kF32:
      return reference_load<float>(scales + 4 * block);
    case windrow::RowFormat::ScaleType::kUe8m0:
      return reference_ue8m0(scales[block]);
    case windrow::RowFormat::ScaleType::kBf16:
      return reference_bf16(reference_load<uint16_t>(scales + 2 * block));
    case windrow::RowFormat::ScaleType::kNone:
      break;
  }
  return 1;
}

// The value of one column; `scales` only matters for formats that have them.
inline float reference_value(const windrow::RowFormat& format, const uint8_t* row, const uint8_t* scales, size_t column) {
  using Kind = windrow::RowFormat::Kind;
  const size_t code_bytes = format.code_bytes();
  const auto fused = [&](uint32_t code, float scale, float bias) {
    const float product = static_cast<float>(code) * scale;
    return product + bias;
  };
  const auto scaled = [&](float value) {
    return format.block ? value * reference_scale(format, scales, column) : value;
  };
  switch (format.kind) {
    case Kind::kF32:
      return reference_load<float>(row + 4 * column);
    case Kind::kF16:
      return reference_f16(reference_load<uint16_t>(row + 2 * column));
    case Kind::kBf16:
      return reference_bf16(reference_load<uint16_t>(row + 2 * column));
    case Kind::kFp8E4m3:
      return scaled(reference_e4m3(row[column]));
    case Kind::kFp8E5m2:
      return scaled(reference_e5m2(row[column]));
    case Kind::kI8:
      return scaled(static_cast<float>(static_cast<int8_t>(row[column])));
    case Kind::kInt8:
      return fused(row[column], reference_load<float>(row + code_bytes), reference_load<float>(row + code_bytes + 4));
    case Kind::kInt4:
    case Kind::kInt2: {
      const size_t bits = format.kind == Kind::kInt4 ? 4 : 2, per_byte = 8 / bits;
      const uint32_t code = row[column / per_byte] >> (column % per_byte * bits) & ((1u << bits) - 1);
      return fused(code, reference_f16(reference_load<uint16_t>(row + code_bytes)),
                   reference_f16(reference_load<uint16_t>(row + code_bytes + 2)));
    }
  }
  return 0;
}

// The nearest f16 or bf16, ties to even.
inline uint16_t reference_to_bf16(float value) {
  if (std::isnan(value)) return std::signbit(value) ? 0xffc0 : 0x7fc0;
  const auto bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}
inline uint16_t reference_to_f16(float value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value)) return static_cast<uint16_t>(sign | 0x7e00);
  const float magnitude = std::fabs(value);
  if (magnitude >= 65520) return static_cast<uint16_t>(sign | 0x7c00);
  if (magnitude == 0) return sign;
  // In units of the last place of the result, which never go below 2^-24.
  const int exponent = std::max(std::ilogb(magnitude), -14);
  const double units = std::nearbyint(std::ldexp(static_cast<double>(magnitude), 10 - exponent));
  return static_cast<uint16_t>(sign + ((exponent + 14) << 10) + static_cast<int>(units));
}

// Replaces the codes of NaN and infinity in a row.
inline void make_finite(const windrow::RowFormat& format, uint8_t* row) {
  using Kind = windrow::RowFormat::Kind;
  const size_t bytes_each = format.kind == Kind::kF16 || format.kind == Kind::kBf16 ? 2 : 1;
  for (size_t i = bytes_each - 1; i < format.code_bytes(); i += bytes_each) {
    if (format.kind == Kind::kF16 || format.kind == Kind::kBf16) row[i] = static_cast<uint8_t>(row[i] & 0xbf);
    if (format.kind == Kind::kFp8E5m2 || format.kind == Kind::kFp8E4m3) row[i] = static_cast<uint8_t>(row[i] & 0xbf);
  }
}
