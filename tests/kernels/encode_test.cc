#include "kernels/encode.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <sstream>

#include "kernels/rows.h"
#include "support/cases.h"
#include "support/catch.h"
#include "support/targets.h"

using namespace windrow;
using kernels::EncodeError;
using Kind = RowFormat::Kind;
using ScaleType = RowFormat::ScaleType;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<uint8_t> from_hex(const std::string& text) {
  std::istringstream words(text);
  std::vector<uint8_t> bytes;
  for (std::string word; words >> word;) bytes.push_back(static_cast<uint8_t>(std::stoi(word, nullptr, 16)));
  return bytes;
}

// The bytes of a row; those around it must stay as they are.
std::vector<uint8_t> encoded(const RowFormat& format, const std::vector<float>& values,
                             EncodeError expected = EncodeError::kNone) {
  constexpr size_t kGuard = 65;  // makes the address odd
  std::vector<uint8_t> bytes(format.row_bytes() + 2 * kGuard, 0xa5);
  const auto error = kernels::encode_row(format.kind)(format, values.data(), bytes.data() + kGuard);
  CHECK(error == expected);
  CHECK(std::count(bytes.begin(), bytes.begin() + kGuard, 0xa5) == kGuard);
  CHECK(std::count(bytes.end() - kGuard, bytes.end(), 0xa5) == kGuard);
  return {bytes.begin() + kGuard, bytes.end() - kGuard};
}

std::vector<float> decoded(const RowFormat& format, const std::vector<uint8_t>& row) {
  std::vector<float> values(static_cast<size_t>(format.dim));
  const uint8_t* at[] = {row.data()};
  kernels::decode_rows(format)(format, {at, nullptr, 1, 0}, values.data(), values.size());
  return values;
}

RowFormat format_of(Kind kind, size_t dim) {
  return RowFormat::of(kind, static_cast<int64_t>(dim));
}

// A binary format of few bits, by its definition: exponent bias, fraction bits, the code of overflow.
struct Small {
  Kind kind;
  int bias, fraction, bits;
  uint32_t overflow, nan;
};
constexpr Small kSmall[] = {{Kind::kF16, 15, 10, 16, 0x7c00, 0x7e00},
                            {Kind::kBf16, 127, 7, 16, 0x7f80, 0x7fc0},
                            {Kind::kFp8E4m3, 7, 3, 8, 0x7f, 0x7f},
                            {Kind::kFp8E5m2, 15, 2, 8, 0x7c, 0x7e}};

uint32_t reference_code(const Small& format, float value) {
  const uint32_t sign = std::signbit(value) ? 1u << (format.bits - 1) : 0;
  const double magnitude = std::fabs(static_cast<double>(value));
  if (std::isnan(magnitude)) return sign | format.nan;
  if (std::isinf(magnitude)) return sign | format.overflow;
  const int exponent = magnitude == 0 ? 1 - format.bias : std::max(std::ilogb(magnitude), 1 - format.bias);
  const auto steps = static_cast<int64_t>(std::nearbyint(std::ldexp(magnitude, format.fraction - exponent)));
  const int64_t code = (int64_t{exponent} + format.bias - 1) * (int64_t{1} << format.fraction) + steps;
  return sign | static_cast<uint32_t>(std::min<int64_t>(code, format.overflow));
}

std::vector<uint8_t> reference_row(const Small& format, const std::vector<float>& values) {
  std::vector<uint8_t> row;
  for (const float value : values) {
    const uint32_t code = reference_code(format, value);
    row.push_back(static_cast<uint8_t>(code));
    if (format.bits == 16) row.push_back(static_cast<uint8_t>(code >> 8));
  }
  return row;
}

float reference_scale(ScaleType type, float largest, float most) {
  if (largest == 0) return 1;
  if (type == ScaleType::kUe8m0) {
    float scale = std::ldexp(1.0f, -127);
    while (static_cast<double>(largest) / static_cast<double>(scale) > static_cast<double>(most)) scale *= 2;
    return scale;
  }
  const float scale = std::max(largest / most, std::ldexp(1.0f, -126));
  if (type == ScaleType::kF32) return scale;
  const auto bits = std::bit_cast<uint32_t>(scale);
  return std::bit_cast<float>(bits % 0x10000 == 0 ? bits : (bits / 0x10000 + 1) * 0x10000);
}

float stored_scale(ScaleType type, const uint8_t* at) {
  if (type == ScaleType::kUe8m0) return std::ldexp(1.0f, at[0] - 127);
  uint32_t bits = 0;
  if (type == ScaleType::kF32) std::memcpy(&bits, at, 4);
  if (type == ScaleType::kBf16) std::memcpy(reinterpret_cast<uint8_t*>(&bits) + 2, at, 2);
  return std::bit_cast<float>(bits);
}

// FORMAT.md, "Quantised rows", one value after another.
std::vector<uint8_t> reference_quantized(Kind kind, const std::vector<float>& values) {
  const int bits = kind == Kind::kInt8 ? 8 : kind == Kind::kInt4 ? 4 : 2;
  const auto half = [](float value) { return reference_code(kSmall[0], value); };
  const auto widened = [](uint32_t code) {
    return std::ldexp(static_cast<float>(code & 0x3ff) + (code & 0x7c00 ? 1024.0f : 0.0f),
                      static_cast<int>(code >> 10 & 31) + (code & 0x7c00 ? 0 : 1) - 25) *
           (code & 0x8000 ? -1.0f : 1.0f);
  };
  const float min = *std::min_element(values.begin(), values.end());
  const float max = *std::max_element(values.begin(), values.end());
  const float most = static_cast<float>((1 << bits) - 1);
  float low, scale, inverse;
  if (bits == 8) {
    low = min;
    scale = (max - min) / 255.0f;
    const float range = (max - min) + 1e-8f;
    inverse = 255.0f / range;
  } else {
    low = widened(half(min));
    const float range = max - low;
    scale = widened(half(range == 0 ? 1.0f : range / most));
    if (scale == 0) scale = 1;
    inverse = 1.0f / scale;
  }
  std::vector<uint8_t> row((values.size() * static_cast<size_t>(bits) + 7) / 8);
  for (size_t i = 0; i < values.size(); ++i) {
    const float difference = values[i] - low;
    const float code = std::min(std::max(std::nearbyint(difference * inverse), 0.0f), most);
    const size_t bit = i * static_cast<size_t>(bits);
    row[bit / 8] = static_cast<uint8_t>(row[bit / 8] | static_cast<unsigned>(code) << bit % 8);
  }
  const auto append = [&](auto number) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&number);
    row.insert(row.end(), bytes, bytes + sizeof(number));
  };
  if (bits == 8) {
    append(scale);
    append(low);
  } else {
    append(static_cast<uint16_t>(half(scale)));
    append(static_cast<uint16_t>(half(low)));
  }
  return row;
}

std::vector<float> random_bits(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = std::bit_cast<float>(static_cast<uint32_t>(random()));
  return values;
}

std::vector<float> random_row(size_t count, std::mt19937_64& random, int exponent) {
  std::vector<float> values(count);
  for (float& value : values) value = std::ldexp(any_value(random, false), exponent);
  return values;
}

template <class Body>
void on_every_target(const Body& body) {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      body();
    }
  }
}

}  // namespace

// The expected codes are those of torch 1.13's Tensor.to, but for NaN.
TEST_CASE("encode: golden roundings to 16 bits", "[kernels]") {
  struct Golden {
    uint32_t f32;
    uint16_t bf16, f16;
  };
  const std::vector<Golden> goldens = {
      {0x3f808000, 0x3f80, 0x3c04}, {0x3f818000, 0x3f82, 0x3c0c}, {0x3f808080, 0x3f81, 0x3c04},
      {0xbf808000, 0xbf80, 0xbc04}, {0x7f7f0000, 0x7f7f, 0x7c00}, {0x7f7fffff, 0x7f80, 0x7c00},
      {0x477fefff, 0x4780, 0x7bff}, {0x477ff000, 0x4780, 0x7c00}, {0x33000000, 0x3300, 0x0000},
      {0x33000001, 0x3300, 0x0001}, {0x000116c2, 0x0001, 0x0000}, {0x80000000, 0x8000, 0x8000},
      {0x45001000, 0x4500, 0x6800}, {0x45003000, 0x4500, 0x6802}, {0x7f800000, 0x7f80, 0x7c00},
      {0xff800000, 0xff80, 0xfc00}, {0x7f800001, 0x7fc0, 0x7e00}, {0xffffffff, 0xffc0, 0xfe00}};
  on_every_target([&] {
    for (const Golden& golden : goldens) {
      CAPTURE(golden.f32);
      const float value = std::bit_cast<float>(golden.f32);
      uint16_t code;
      kernels::encode_values(ValueType::kF16)(&value, 1, reinterpret_cast<uint8_t*>(&code));
      CHECK(code == golden.f16);
      kernels::encode_values(ValueType::kBf16)(&value, 1, reinterpret_cast<uint8_t*>(&code));
      CHECK(code == golden.bf16);
    }
  });
}

TEST_CASE("encode: every value of a small format comes back as it was", "[kernels]") {
  on_every_target([&] {
    for (const Small& small : kSmall) {
      CAPTURE(row_format_name(small.kind));
      const size_t count = size_t{1} << small.bits, code_bytes = static_cast<size_t>(small.bits) / 8;
      std::vector<uint8_t> codes(count * code_bytes);
      for (size_t i = 0; i < count; ++i) std::memcpy(&codes[i * code_bytes], &i, code_bytes);
      const auto format = format_of(small.kind, count);
      const auto values = decoded(format, codes);
      const auto again = encoded(format, values);
      size_t wrong = 0;
      for (size_t i = 0; i < count; ++i) {
        const bool same = std::memcmp(&codes[i * code_bytes], &again[i * code_bytes], code_bytes) == 0;
        wrong += !same && !std::isnan(values[i]);
      }
      CHECK(wrong == 0);
    }
  });
}

TEST_CASE("encode: any bit pattern is rounded as the definition says", "[kernels]") {
  auto values = random_bits(60'000, 1);
  std::mt19937_64 random(2);
  for (int exponent = -30; exponent < 20; ++exponent) {  // where the small formats have their numbers
    const auto more = random_row(500, random, exponent);
    values.insert(values.end(), more.begin(), more.end());
  }
  on_every_target([&] {
    for (const Small& small : kSmall) {
      const auto expected = reference_row(small, values);
      CHECK((encoded(format_of(small.kind, values.size()), values) == expected));
      if (small.bits == 16) {
        std::vector<uint8_t> out(2 * values.size() + 1);
        const auto type = small.kind == Kind::kF16 ? ValueType::kF16 : ValueType::kBf16;
        kernels::encode_values(type)(values.data(), values.size(), out.data() + 1);
        CHECK(std::memcmp(out.data() + 1, expected.data(), expected.size()) == 0);
      }
    }
  });
}

TEST_CASE("encode: rows of every length end where they should", "[kernels]") {
  on_every_target([&] {
    for (const int64_t dim : kDims) {
      const auto values = random_bits(static_cast<size_t>(dim), static_cast<uint64_t>(dim));
      for (const Small& small : kSmall) {
        CAPTURE(dim, row_format_name(small.kind));
        CHECK(encoded(RowFormat::of(small.kind, dim), values) == reference_row(small, values));
      }
      const auto copied = encoded(RowFormat::f32(dim), values);
      CHECK(std::memcmp(copied.data(), values.data(), copied.size()) == 0);
    }
  });
}

TEST_CASE("encode: golden codes of fp8", "[kernels]") {
  const float step = std::ldexp(1.0f, -9);
  const std::vector<float> values = {0,    -0.0f, step,   step / 2, step * 0.501f, 0.013671875f, 0.015625f,
                                     0.5f, 1,     1.125f, 1.0625f,  448,           464,          464.1f,
                                     -448, -1,    kInf,   -kInf,    kNan,          -kNan};
  const auto e4m3 = from_hex("00 80 01 00 01 07 08 30 38 39 38 7e 7e 7f fe b8 7f ff 7f ff");
  const std::vector<float> wide = {0,    -0.0f, std::ldexp(1.0f, -16), 1, 1.25f, 57344, 61439, 61440, -57344,
                                   kInf, kNan};
  const auto e5m2 = from_hex("00 80 01 3c 3d 7b 7b 7c fb 7c 7e");
  on_every_target([&] {
    CHECK(encoded(format_of(Kind::kFp8E4m3, values.size()), values) == e4m3);
    CHECK(encoded(format_of(Kind::kFp8E5m2, wide.size()), wide) == e5m2);
  });
}

// The expected bytes are those of torch 1.13's quantized::embedding_bag_{byte,4bit,2bit}_prepack.
TEST_CASE("encode: golden bytes of int8, int4 and int2", "[kernels]") {
  const std::vector<float> mixed = {0, .5f, 1, -1, .25f, -.125f, .7f, -.3f};
  const std::vector<float> odd(4, 1000.3f), tiny = {1e-9f, 2e-9f, 3e-9f, -1e-9f};
  std::vector<float> long_row(36);
  for (int i = 0; i < 36; ++i) {
    long_row[static_cast<size_t>(i)] = static_cast<float>((i * 37 + 11) % 64 - 32) / 7.0f;
  }
  struct Golden {
    Kind kind;
    std::vector<float> values;
    const char* row;
  };
  const std::vector<Golden> goldens = {
      {Kind::kInt8, mixed, "80 bf ff 00 9f 70 d9 59  81 80 00 3c  00 00 80 bf"},
      {Kind::kInt8, std::vector<float>(8, 2.0f), "00 00 00 00 00 00 00 00  00 00 00 00  00 00 00 40"},
      {Kind::kInt8, {0, 255, .5f, 1.5f, 2.5f, 254.5f}, "00 ff 00 02 02 fe  00 00 80 3f  00 00 00 00"},
      {Kind::kInt8, {-0.0f, 0, 1, 2}, "00 00 80 ff  81 80 00 3c  00 00 00 80"},
      {Kind::kInt8, {0, -0.0f, 1, 2}, "00 00 80 ff  81 80 00 3c  00 00 00 00"},
      {Kind::kInt8, {-0.0f, 0, -0.0f, 0}, "00 00 00 00  00 00 00 00  00 00 00 80"},
      {Kind::kInt8, {16777216, 16777218, 16777220, 5}, "ff ff ff 00  80 80 80 47  00 00 a0 40"},
      {Kind::kInt8, long_row,
       "2e c9 58 f2 82 11 ab 3b d5 64 ff 8e 1d b8 47 e2 71 00 9b 2a c4 54 ee 7d 0d a7 36 d1 60 fb 8a 19 b4 "
       "43 "
       "de 6d  b1 f9 0b 3d  25 49 92 c0"},
      {Kind::kInt4, mixed, "b8 0f 79 5d  44 30  00 bc"},
      {Kind::kInt4, {.001f, .002f, .003f, .004f, .005f, .006f, .007f, .008f}, "20 64 b9 fd  a5 0f  19 14"},
      {Kind::kInt4, std::vector<float>(8, 2.0f), "00 00 00 00  00 3c  00 40"},
      {Kind::kInt4, {0, 15, .5f, 1.5f, 2.5f, 14.5f, 3.5f, 7.5f}, "f0 20 e2 84  00 3c  00 00"},
      {Kind::kInt4, odd, "ff ff  d4 a2  d1 63"},
      {Kind::kInt4, tiny, "00 00  00 3c  00 80"},
      {Kind::kInt4, long_row, "c3 e5 18 3a 6d 8f b2 d4 07 29 5c 7e a1 c3 f6 18 4b 6d  a6 38  92 c4"},
      {Kind::kInt2, mixed, "3a 76  55 39  00 bc"},
      {Kind::kInt2, {0, 3, .5f, 1.5f, 2.5f, 1, 2, 0}, "8c 26  00 3c  00 00"},
      {Kind::kInt2, odd, "ff  44 ac  d1 63"},
      {Kind::kInt2, {65500, 65519, -3, 2}, "0f  55 75  00 c2"},
      {Kind::kInt2, {-1, -0.0f, 0, -.5f}, "bc  55 35  00 bc"},
      {Kind::kInt2, long_row, "d9 62 b7 d8 21 76 98 2d 76  cf 41  92 c4"},
  };
  on_every_target([&] {
    for (const Golden& golden : goldens) {
      const auto row = encoded(format_of(golden.kind, golden.values.size()), golden.values);
      CAPTURE(row_format_name(golden.kind), golden.row);
      CHECK(row == from_hex(golden.row));
    }
    const auto values = decoded(RowFormat::int8(8), from_hex(goldens[0].row));
    CHECK(values == std::vector<float>{0.003921628f, 0.498039246f, 1, -1, 0.247058868f, -0.121568561f,
                                       0.701960921f, -0.301960766f});
  });
}

TEST_CASE("encode: quantised rows of any length and size", "[kernels]") {
  on_every_target([&] {
    std::mt19937_64 random(4);
    for (const int64_t dim : kDims) {
      for (const int exponent : {-20, -3, 0, 9}) {
        const auto values = random_row(static_cast<size_t>(dim), random, exponent);
        for (const Kind kind : {Kind::kInt8, Kind::kInt4, Kind::kInt2}) {
          CAPTURE(dim, exponent, row_format_name(kind));
          CHECK(encoded(RowFormat::of(kind, dim), values) == reference_quantized(kind, values));
        }
      }
    }
  });
}

TEST_CASE("encode: rows that a format cannot hold are refused, wherever the value stands", "[kernels]") {
  on_every_target([&] {
    for (const size_t at : {0, 5, 16, 36}) {
      std::vector<float> values(37, 1.0f);
      const auto refuses = [&](RowFormat format, float value, EncodeError error) {
        values[at] = value;
        CAPTURE(row_format_name(format.kind), value, at);
        encoded(format, values, error);
      };
      for (const float value : {kNan, kInf, -kInf}) {
        for (const Kind kind : {Kind::kInt8, Kind::kInt4, Kind::kInt2, Kind::kI8}) {
          refuses(RowFormat::of(kind, 37), value, EncodeError::kNotFinite);
        }
        for (const Kind kind : {Kind::kFp8E4m3, Kind::kFp8E5m2, Kind::kI8}) {
          refuses(RowFormat::of(kind, 37).scaled(ScaleType::kF32, 8), value, EncodeError::kNotFinite);
        }
        for (const Small& small : kSmall) refuses(RowFormat::of(small.kind, 37), value, EncodeError::kNone);
      }
      refuses(RowFormat::int4(37), -65520, EncodeError::kOutOfRange);
      refuses(RowFormat::int4(37), -65519, EncodeError::kNone);
      refuses(RowFormat::int2(37), 1 + 3 * 65520.0f, EncodeError::kOutOfRange);
      refuses(RowFormat::int2(37), 3 * 65519.0f, EncodeError::kNone);
      refuses(RowFormat::of(Kind::kI8, 37), -127.5f, EncodeError::kOutOfRange);
      refuses(RowFormat::of(Kind::kI8, 37), -127.4f, EncodeError::kNone);
    }
    encoded(RowFormat::int8(2), {3e38f, -3e38f}, EncodeError::kOutOfRange);
    encoded(RowFormat::int4(2), {3e38f, -3e38f}, EncodeError::kOutOfRange);
  });
}

TEST_CASE("encode: scales in the row, for every kind, type and block", "[kernels]") {
  struct ScaledKind {
    Kind kind;
    float most;
  };
  const std::vector<ScaledKind> kinds = {{Kind::kFp8E4m3, 448}, {Kind::kFp8E5m2, 57344}, {Kind::kI8, 127}};
  on_every_target([&] {
    std::mt19937_64 random(6);
    for (const int64_t dim : {1, 8, 31, 64, 129}) {
      for (const int64_t block : {int64_t{1}, int64_t{7}, int64_t{32}, dim}) {
        if (block > dim) continue;
        for (const int exponent : {-149, -130, -20, 0, 90}) {
          auto values = random_row(static_cast<size_t>(dim), random, exponent);
          if (dim > 40) std::fill(values.begin() + 32, values.begin() + 40, 0.0f);
          for (const auto& [kind, most] : kinds) {
            for (const ScaleType type : {ScaleType::kF32, ScaleType::kUe8m0, ScaleType::kBf16}) {
              CAPTURE(dim, block, exponent, row_format_name(kind), static_cast<int>(type));
              const auto format = RowFormat::of(kind, dim).scaled(type, block);
              const auto row = encoded(format, values);
              const uint8_t* scale_at = row.data() + dim;
              for (size_t begin = 0; begin < values.size(); begin += static_cast<size_t>(block)) {
                const size_t end = std::min(begin + static_cast<size_t>(block), values.size());
                float largest = 0;
                for (size_t i = begin; i < end; ++i) largest = std::max(largest, std::fabs(values[i]));
                const float scale = stored_scale(type, scale_at);
                REQUIRE(scale == reference_scale(type, largest, most));
                scale_at += format.scale_bytes() / format.scale_count();
                for (size_t i = begin; i < end; ++i) {
                  const float quotient = values[i] / scale;
                  const uint32_t code =
                      kind == Kind::kI8
                          ? static_cast<uint32_t>(static_cast<int>(std::nearbyint(quotient))) & 0xff
                          : reference_code(kSmall[kind == Kind::kFp8E4m3 ? 2 : 3], quotient);
                  REQUIRE(row[i] == code);
                }
              }
            }
          }
        }
      }
    }
  });
}

TEST_CASE("encode: a scale of a power of two is the smallest that is enough", "[kernels]") {
  on_every_target([&] {
    const auto format = RowFormat::fp8_e4m3(2).scaled(ScaleType::kUe8m0, 1);
    CHECK(encoded(format, {448, std::nextafter(448.0f, 500.0f)}) == from_hex("7e 76 7f 80"));
    CHECK(encoded(format, {0, 224}) == from_hex("00 7e 7f 7e"));
  });
}
