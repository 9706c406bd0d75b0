#pragma once

#include <windrow/row_format.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

// Inputs that tests, benchmarks and fuzz targets share: what is benchmarked is thereby tested.

// Around vector widths and beyond four vectors; odd ones among them.
inline const std::vector<int64_t> kDims = {1, 2, 3, 5, 8, 15, 16, 17, 31, 50, 64, 65, 85, 129, 163};

// A table in memory whose rows may stand at any distance and at any address.
struct MemoryTable {
  int64_t rows;
  windrow::RowFormat format;
  std::vector<uint8_t> bytes;
  size_t shift;  // bytes before the first row: makes the address odd

  MemoryTable(int64_t row_count, windrow::RowFormat row_format, size_t shifted = 0)
      : rows(row_count), format(row_format), bytes(static_cast<size_t>(rows) * format.stride_bytes + shifted),
        shift(shifted) {}

  const uint8_t* data() const { return bytes.data() + shift; }
  uint8_t* row(int64_t id) { return bytes.data() + shift + static_cast<size_t>(id) * format.stride_bytes; }
  float at(int64_t id, size_t column) const {
    float value;
    std::memcpy(&value, data() + static_cast<size_t>(id) * format.stride_bytes + column * sizeof(float), sizeof(value));
    return value;
  }
  void set(int64_t id, size_t column, float value) {
    std::memcpy(row(id) + column * sizeof(float), &value, sizeof(value));
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
  for (int64_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < static_cast<size_t>(format.dim); ++c) table.set(r, c, any_value(random, special));
  }
  return table;
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
