#include "formats/gguf_blocks.h"

#include <bit>
#include <cstring>

#include "base/bytes.h"
#include "base/fail.h"
#include "format/gguf_types.h"
#include "kernels/rows.h"

// The layouts and the order of the roundings are those of dequantize_row_*() in ggml-quants.c, with the blocks of
// ggml-common.h: https://github.com/ggml-org/ggml/tree/master/src. Every f is an f16 scale; q are codes.
//
//   Q8_0  f d, 32 x i8                                       q d
//   Q4_0  f d, 16 bytes                                      (q - 8) d            low nibbles are values 0 to 15,
//   Q4_1  f d, f m, 16 bytes                                 q d + m              high ones 16 to 31
//   Q5_0  f d, u32 fifth bits, 16 bytes                      (q - 16) d           bit i belongs to value i
//   Q5_1  f d, f m, u32 fifth bits, 16 bytes                 q d + m
//   Q4_K  f d, f min, 12 bytes of scales, 128 bytes          q (d scale) - min m  of each 64 values, low nibbles
//   Q5_K  the same with 32 bytes of fifth bits before them                        first; a scale and m for each 32
//   Q6_K  128 bytes of low nibbles, 64 of two upper bits,    (q - 32) (d scale)   a scale for each 16
//         16 x i8 scales, f d
namespace windrow::tools {

namespace {

using gguf::Type;

// An f16 is a float whose exponent is 112 too small: the product is exact, also for subnormal numbers.
float float_of_f16(const uint8_t* at) {
  const uint32_t bits = load<uint16_t>(at);
  const uint32_t magnitude = (bits & 0x7fffu) << 13;
  const bool finite = (bits & 0x7c00u) != 0x7c00u;
  const float value =
      finite ? std::bit_cast<float>(magnitude) * 0x1p112f : std::bit_cast<float>(magnitude | 0x7f800000u);
  return std::bit_cast<float>(std::bit_cast<uint32_t>(value) | (bits & 0x8000u) << 16);
}

void decode_f32(const uint8_t* blocks, size_t count, float* values) {
  if (count > 0) std::memcpy(values, blocks, count * sizeof(float));
}

// The same as in a table.
void decode_row(const RowFormat& format, const uint8_t* row, size_t count, float* values) {
  if (count > 0) kernels::decode_rows(format)(format, {&row, nullptr, 1, 0}, values, count);
}
void decode_f16(const uint8_t* blocks, size_t count, float* values) {
  decode_row(RowFormat::f16(static_cast<int64_t>(count)), blocks, count, values);
}
void decode_bf16(const uint8_t* blocks, size_t count, float* values) {
  decode_row(RowFormat::bf16(static_cast<int64_t>(count)), blocks, count, values);
}

void decode_q8_0(const uint8_t* __restrict block, size_t count, float* __restrict out) {
  for (; count > 0; --count, block += 34, out += 32) {
    const float d = float_of_f16(block);
    for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(static_cast<int8_t>(block[2 + i])) * d;
  }
}

void decode_q4_0(const uint8_t* __restrict block, size_t count, float* __restrict out) {
  for (; count > 0; --count, block += 18, out += 32) {
    const float d = float_of_f16(block);
    for (int i = 0; i < 16; ++i) {
      out[i] = static_cast<float>((block[2 + i] & 15) - 8) * d;
      out[i + 16] = static_cast<float>((block[2 + i] >> 4) - 8) * d;
    }
  }
}

void decode_q4_1(const uint8_t* __restrict block, size_t count, float* __restrict out) {
  for (; count > 0; --count, block += 20, out += 32) {
    const float d = float_of_f16(block), m = float_of_f16(block + 2);
    for (int i = 0; i < 16; ++i) {
      out[i] = static_cast<float>(block[4 + i] & 15) * d + m;
      out[i + 16] = static_cast<float>(block[4 + i] >> 4) * d + m;
    }
  }
}

// The codes of a block of 32 with fifth bits apart.
void five_bit_codes(uint32_t fifths, const uint8_t* __restrict nibbles, int* __restrict codes) {
  for (int i = 0; i < 16; ++i) {
    codes[i] = (nibbles[i] & 15) | static_cast<int>((fifths >> i & 1) << 4);
    codes[i + 16] = (nibbles[i] >> 4) | static_cast<int>((fifths >> (i + 16) & 1) << 4);
  }
}

void decode_q5_0(const uint8_t* __restrict block, size_t count, float* __restrict out) {
  for (; count > 0; --count, block += 22, out += 32) {
    const float d = float_of_f16(block);
    int codes[32];
    five_bit_codes(load<uint32_t>(block + 2), block + 6, codes);
    for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(codes[i] - 16) * d;
  }
}

void decode_q5_1(const uint8_t* __restrict block, size_t count, float* __restrict out) {
  for (; count > 0; --count, block += 24, out += 32) {
    const float d = float_of_f16(block), m = float_of_f16(block + 2);
    int codes[32];
    five_bit_codes(load<uint32_t>(block + 4), block + 8, codes);
    for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(codes[i]) * d + m;
  }
}

// The eight scales and minima of a Q4_K or Q5_K block, of six bits each in 12 bytes: of the first four, the lower six
// bits of bytes 0 to 3 and 4 to 7; of the others the lower four bits in a nibble of bytes 8 to 11 each, and the upper
// two where bytes 0 to 7 have room.
struct ScaleAndMin {
  float scale, min;
};
ScaleAndMin scale_of_32(const uint8_t* packed, int i, float d, float min) {
  if (i < 4) return {d * static_cast<float>(packed[i] & 63), min * static_cast<float>(packed[i + 4] & 63)};
  const int scale = (packed[i + 4] & 15) | (packed[i - 4] >> 6) << 4;
  const int minimum = (packed[i + 4] >> 4) | (packed[i] >> 6) << 4;
  return {d * static_cast<float>(scale), min * static_cast<float>(minimum)};
}

void decode_q4_k(const uint8_t* __restrict block, size_t count, float* __restrict out) {
  for (; count > 0; --count, block += 144) {
    const float d = float_of_f16(block), min = float_of_f16(block + 2);
    const uint8_t* nibbles = block + 16;
    for (int i = 0; i < 8; i += 2, nibbles += 32, out += 64) {
      const ScaleAndMin low = scale_of_32(block + 4, i, d, min);
      const ScaleAndMin high = scale_of_32(block + 4, i + 1, d, min);
      for (int k = 0; k < 32; ++k) {
        out[k] = low.scale * static_cast<float>(nibbles[k] & 15) - low.min;
        out[k + 32] = high.scale * static_cast<float>(nibbles[k] >> 4) - high.min;
      }
    }
  }
}

void decode_q5_k(const uint8_t* __restrict block, size_t count, float* __restrict out) {
  for (; count > 0; --count, block += 176) {
    const float d = float_of_f16(block), min = float_of_f16(block + 2);
    const uint8_t* fifths = block + 16;  // bit i of byte k: of value k of the i-th 32
    const uint8_t* nibbles = block + 48;
    for (int i = 0; i < 8; i += 2, nibbles += 32, out += 64) {
      const ScaleAndMin low = scale_of_32(block + 4, i, d, min);
      const ScaleAndMin high = scale_of_32(block + 4, i + 1, d, min);
      for (int k = 0; k < 32; ++k) {
        const int low_code = (nibbles[k] & 15) | (fifths[k] >> i & 1) << 4;
        const int high_code = (nibbles[k] >> 4) | (fifths[k] >> (i + 1) & 1) << 4;
        out[k] = low.scale * static_cast<float>(low_code) - low.min;
        out[k + 32] = high.scale * static_cast<float>(high_code) - high.min;
      }
    }
  }
}

// Each half of a block is four times 32 values: two in the low nibbles of 64 bytes, two in the high ones, and their
// upper bits two by two in 32 bytes.
void decode_q6_k(const uint8_t* __restrict block, size_t count, float* __restrict out) {
  for (; count > 0; --count, block += 210) {
    const float d = float_of_f16(block + 208);
    for (int half = 0; half < 2; ++half, out += 128) {
      const uint8_t* nibbles = block + 64 * half;
      const uint8_t* upper = block + 128 + 32 * half;
      const uint8_t* scales = block + 192 + 8 * half;
      for (int part = 0; part < 8; ++part) {  // 16 values with a scale
        const float scale = d * static_cast<float>(static_cast<int8_t>(scales[part]));
        const uint8_t* low = nibbles + 16 * (part % 4);
        const uint8_t* two = upper + 16 * (part % 2);
        const int nibble_shift = part < 4 ? 0 : 4, two_shift = part / 2 * 2;
        for (int k = 0; k < 16; ++k) {
          const int code = (low[k] >> nibble_shift & 15) | (two[k] >> two_shift & 3) << 4;
          out[16 * part + k] = scale * static_cast<float>(code - 32);
        }
      }
    }
  }
}

struct Decoder {
  Type type;
  DecodeBlocks decode;
};
constexpr Decoder kDecoders[] = {
    {Type::kF32, decode_f32},   {Type::kF16, decode_f16},   {Type::kBF16, decode_bf16},
    {Type::kQ8_0, decode_q8_0}, {Type::kQ4_0, decode_q4_0}, {Type::kQ4_1, decode_q4_1},
    {Type::kQ5_0, decode_q5_0}, {Type::kQ5_1, decode_q5_1}, {Type::kQ4_K, decode_q4_k},
    {Type::kQ5_K, decode_q5_k}, {Type::kQ6_K, decode_q6_k},
};

}  // namespace

DecodeBlocks decoder_of_blocks(uint32_t type) {
  for (const Decoder& decoder : kDecoders) {
    if (static_cast<uint32_t>(decoder.type) == type) return decoder.decode;
  }
  return nullptr;
}

std::string decoded_types() {
  std::string text;
  for (const Decoder& decoder : kDecoders) {
    text += concat(text.empty() ? "" : ", ", gguf::type_name(static_cast<uint32_t>(decoder.type)));
  }
  return text;
}

}  // namespace windrow::tools
