#pragma once

#include <windrow/row_format.h>
#include <windrow/table.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "support/reference_rows.h"

// Inputs that tests, benchmarks and fuzz targets share: what is benchmarked is thereby tested.

// Around vector widths and beyond four vectors; odd ones among them.
inline const std::vector<int64_t> kDims = {1, 2, 3, 5, 8, 15, 16, 17, 31, 50, 64, 65, 85, 129, 163};

// A table in memory whose rows may stand at any distance and at any address.
struct MemoryTable {
  int64_t rows;
  windrow::RowFormat format;
  std::vector<uint8_t> bytes;
  size_t shift;                 // bytes before the first row: makes the address odd
  std::vector<uint8_t> scales;  // of a format that has them apart

  MemoryTable(int64_t row_count, windrow::RowFormat row_format, size_t shifted = 0)
      : rows(row_count), format(row_format), bytes(static_cast<size_t>(rows) * format.stride_bytes + shifted),
        shift(shifted) {
    if (apart()) scales.resize(static_cast<size_t>(rows) * format.scale_bytes() + shifted);
  }

  bool apart() const { return format.scale_place == windrow::RowFormat::ScalePlace::kApart; }
  const uint8_t* data() const { return bytes.data() + shift; }
  const uint8_t* row(int64_t id) const { return data() + static_cast<size_t>(id) * format.stride_bytes; }
  uint8_t* row(int64_t id) { return bytes.data() + shift + static_cast<size_t>(id) * format.stride_bytes; }
  const uint8_t* scale_data() const { return apart() ? scales.data() + shift : nullptr; }
  // The scales of a row, wherever they are.
  const uint8_t* scales_of(int64_t id) const {
    return apart() ? scale_data() + static_cast<size_t>(id) * format.scale_bytes() : row(id) + format.code_bytes();
  }
  float at(int64_t id, size_t column) const { return reference_value(format, row(id), scales_of(id), column); }
  // For f32 rows.
  void set(int64_t id, size_t column, float value) {
    std::memcpy(row(id) + column * sizeof(float), &value, sizeof(value));
  }
  windrow::Result<windrow::Table> wrap() const {
    return windrow::Table::wrap(data(), rows, format, scale_data());
  }
};

// Values of all sizes, with zeros of both signs, infinities and NaN among them when `special`.
inline float any_value(std::mt19937_64& random, bool special) {
  static const float kSpecial[] = {0.0f, -0.0f, std::numeric_limits<float>::infinity(),
                                   -std::numeric_limits<float>::infinity(),
                                   std::numeric_limits<float>::quiet_NaN(), 1e-42f, 3e38f};
  if (special && random() % 16 == 0) return kSpecial[random() % std::size(kSpecial)];
  return std::ldexp(static_cast<float>(static_cast<int64_t>(random() % 2000001) - 1000000) / 1000000.0f,
                    static_cast<int>(random() % 9) - 4);
}

inline MemoryTable random_table(int64_t rows, windrow::RowFormat format, uint64_t seed, bool special = false,
                                size_t shift = 0) {
  MemoryTable table(rows, format, shift);
  std::mt19937_64 random(seed);
  if (format.kind == windrow::RowFormat::Kind::kF32) {
    for (int64_t r = 0; r < rows; ++r) {
      for (size_t c = 0; c < static_cast<size_t>(format.dim); ++c) table.set(r, c, any_value(random, special));
    }
    return table;
  }
  // Any byte is a code; scales and biases are numbers that keep sums finite, and with `special` now and then
  // are not.
  for (int64_t r = 0; r < rows; ++r) {
    for (size_t i = 0; i < format.code_bytes(); ++i) table.row(r)[i] = static_cast<uint8_t>(random());
    if (!special) make_finite(format, table.row(r));
    uint8_t* behind = table.row(r) + format.code_bytes();
    const auto small = [&] { return any_value(random, special) / 64; };
    if (format.kind == windrow::RowFormat::Kind::kInt8) {
      for (size_t k = 0; k < 2; ++k) windrow::store(behind + 4 * k, small());
    } else if (format.row_bytes() == format.code_bytes() + 4 && format.block == 0) {  // int4, int2
      for (size_t k = 0; k < 2; ++k) {
        const auto bits = static_cast<uint16_t>(random());
        windrow::store(behind + 2 * k, static_cast<uint16_t>(special ? bits : bits & 0xbfff));
      }
    }
    auto* scales = const_cast<uint8_t*>(table.scales_of(r));
    for (size_t k = 0; k < format.scale_count(); ++k) {
      const float scale = small();
      switch (format.scale_type) {
        case windrow::RowFormat::ScaleType::kNone:
          break;
        case windrow::RowFormat::ScaleType::kF32:
          windrow::store(scales + 4 * k, scale);
          break;
        case windrow::RowFormat::ScaleType::kUe8m0:
          scales[k] = static_cast<uint8_t>(special ? random() : 120 + random() % 10);
          break;
        case windrow::RowFormat::ScaleType::kBf16:
          windrow::store(scales + 2 * k, static_cast<uint16_t>(std::bit_cast<uint32_t>(scale) >> 16));
          break;
      }
    }
  }
  return table;
}

// Every way to store a row of `dim` values.
inline std::vector<windrow::RowFormat> every_format(int64_t dim) {
  using F = windrow::RowFormat;
  std::vector<F> formats;
  for (uint32_t kind = 1; kind <= 9; ++kind) formats.push_back(F::of(static_cast<F::Kind>(kind), dim));
  const auto e4m3 = F::fp8_e4m3(dim), e5m2 = F::fp8_e5m2(dim), i8 = F::of(F::Kind::kI8, dim);
  const auto columns = [dim](int64_t wanted) { return std::min(wanted, dim); };
  formats.push_back(e4m3.scaled(F::ScaleType::kF32, dim));
  formats.push_back(e4m3.scaled(F::ScaleType::kUe8m0, columns(32)));
  formats.push_back(e4m3.scaled(F::ScaleType::kF32, columns(128), F::ScalePlace::kApart));
  formats.push_back(e5m2.scaled(F::ScaleType::kBf16, columns(7), F::ScalePlace::kApart));
  formats.push_back(e5m2.scaled(F::ScaleType::kUe8m0, columns(1), F::ScalePlace::kApart));
  formats.push_back(i8.scaled(F::ScaleType::kF32, dim, F::ScalePlace::kApart));
  formats.push_back(i8.scaled(F::ScaleType::kBf16, columns(48)));
  return formats;
}

inline std::string name_of(const windrow::RowFormat& format) {
  return std::string(windrow::row_format_name(format.kind)) + "/scale " +
         std::to_string(static_cast<int>(format.scale_type)) + " block " + std::to_string(format.block) + " place " +
         std::to_string(static_cast<int>(format.scale_place)) + " dim " + std::to_string(format.dim);
}

// The same values as floats.
inline MemoryTable decoded(const MemoryTable& table) {
  MemoryTable floats(table.rows, windrow::RowFormat::f32(table.format.dim));
  for (int64_t r = 0; r < table.rows; ++r) {
    for (size_t c = 0; c < static_cast<size_t>(table.format.dim); ++c) floats.set(r, c, table.at(r, c));
  }
  return floats;
}

// Bags of the lengths that matter, the first and the last row and repetitions among the ids.
struct BagCase {
  std::vector<int64_t> ids;
  std::vector<int64_t> offsets{0};
  std::vector<float> weights;
};

inline BagCase random_bags(int64_t rows, const std::vector<int64_t>& lengths, uint64_t seed) {
  BagCase bags;
  std::mt19937_64 random(seed);
  for (const int64_t length : lengths) {
    for (int64_t i = 0; i < length; ++i) {
      const uint64_t kind = random() % 8;
      const int64_t id = kind == 0   ? 0
                         : kind == 1 ? rows - 1
                         : kind == 2 && !bags.ids.empty()
                             ? bags.ids.back()
                             : static_cast<int64_t>(random() % static_cast<uint64_t>(rows));
      bags.ids.push_back(id);
      bags.weights.push_back(random() % 10 == 0 ? 0.0f : any_value(random, false));
    }
    bags.offsets.push_back(static_cast<int64_t>(bags.ids.size()));
  }
  return bags;
}

// Whether two runs of floats have the same bits; NaN equals NaN whatever its payload (which is not promised).
inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (std::memcmp(&a[i], &b[i], sizeof(float)) != 0) return false;
  }
  return true;
}
