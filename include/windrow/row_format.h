#pragma once

#include <windrow/export.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace windrow {

// How the values of a row are stored. All numbers are little-endian, and nothing need be aligned.
//
//   kind          bytes of a row                                   value of a column
//   f32           4 dim                                            as stored
//   f16, bf16     2 dim                                            widened, exact
//   fp8 e4m3      dim (+ scales)                                   decoded, exact; times its scale, if any
//   fp8 e5m2      dim (+ scales)                                   likewise
//   i8            dim (+ scales)                                   a signed byte; times its scale, if any
//   int8          dim codes, f32 scale, f32 bias                   fl(fl(code * scale) + bias)
//   int4          ceil(dim / 2) bytes, f16 scale, f16 bias         likewise; low four bits first
//   int2          ceil(dim / 4) bytes, f16 scale, f16 bias         likewise; low two bits first
//
// fp8 is OCP's (e4m3 without infinities); int8, int4 and int2 have the bytes of FBGEMM and of torch's
// embedding_bag_byte, _4bit and _2bit prepacked rows. fl() is rounding to float.
struct RowFormat {
  // The numbers stand in files (FORMAT.md) and are never reused.
  enum class Kind : uint32_t {
    kF32 = 1,
    kF16 = 2,
    kBf16 = 3,
    kFp8E4m3 = 4,
    kFp8E5m2 = 5,
    kInt8 = 6,
    kInt4 = 7,
    kInt2 = 8,
    kI8 = 9,
  };

  // How a scale of fp8 or i8 rows is stored. ue8m0 is a byte e that stands for 2^(e - 127), 255 for NaN.
  enum class ScaleType : uint8_t { kNone = 0, kF32 = 1, kUe8m0 = 2, kBf16 = 3 };

  // Where: behind the values of the row, or in memory of their own (Table::wrap, OpenOptions::scale_tensor).
  enum class ScalePlace : uint8_t { kInRow = 0, kApart = 1 };

  Kind kind = Kind::kF32;
  int64_t dim = 0;          // values in a row
  size_t stride_bytes = 0;  // from the start of a row to the start of the next; never below row_bytes()
  int64_t block = 0;        // consecutive columns that share a scale, the last ones maybe fewer; 0: no scales
  ScaleType scale_type = ScaleType::kNone;
  ScalePlace scale_place = ScalePlace::kInRow;

  // Rows of a kind, back to back, without scales.
  static RowFormat of(Kind kind, int64_t dim) {
    RowFormat format{kind, dim};
    format.stride_bytes = format.row_bytes();
    return format;
  }
  static RowFormat f32(int64_t dim) { return of(Kind::kF32, dim); }
  static RowFormat f16(int64_t dim) { return of(Kind::kF16, dim); }
  static RowFormat bf16(int64_t dim) { return of(Kind::kBf16, dim); }
  static RowFormat fp8_e4m3(int64_t dim) { return of(Kind::kFp8E4m3, dim); }
  static RowFormat fp8_e5m2(int64_t dim) { return of(Kind::kFp8E5m2, dim); }
  static RowFormat int8(int64_t dim) { return of(Kind::kInt8, dim); }
  static RowFormat int4(int64_t dim) { return of(Kind::kInt4, dim); }
  static RowFormat int2(int64_t dim) { return of(Kind::kInt2, dim); }

  // The same rows, back to back, with a scale for every `columns` columns: dim for one a row. Only fp8 and i8
  // have such scales.
  RowFormat scaled(ScaleType type, int64_t columns, ScalePlace place = ScalePlace::kInRow) const {
    RowFormat format{kind, dim, 0, columns, type, place};
    format.stride_bytes = format.row_bytes();
    return format;
  }

  // The same values with every row padded to whole 64-byte cache lines, zeros behind the last value: pays for
  // long rows only (bench/README.md, "Rows that are not aligned").
  RowFormat padded_to_lines() const {
    RowFormat padded = *this;
    padded.stride_bytes = (row_bytes() + 63) / 64 * 64;
    return padded;
  }

  // Scales of a row, and their bytes.
  size_t scale_count() const { return block > 0 ? static_cast<size_t>((dim - 1) / block + 1) : 0; }
  size_t scale_bytes() const {
    constexpr size_t kBytes[] = {0, 4, 1, 2};
    return scale_count() * kBytes[static_cast<size_t>(scale_type) % 4];
  }

  // Bytes of the codes of a row: what stands before scale and bias.
  size_t code_bytes() const {
    const auto values = static_cast<size_t>(dim);
    switch (kind) {
      case Kind::kF32:
        return values * 4;
      case Kind::kF16:
      case Kind::kBf16:
        return values * 2;
      case Kind::kInt4:
        return (values + 1) / 2;
      case Kind::kInt2:
        return (values + 3) / 4;
      default:
        return values;
    }
  }

  // Bytes of a row that carry values or scales.
  size_t row_bytes() const {
    if (kind == Kind::kInt8) return code_bytes() + 8;
    if (kind == Kind::kInt4 || kind == Kind::kInt2) return code_bytes() + 4;
    return code_bytes() + (scale_place == ScalePlace::kInRow ? scale_bytes() : 0);
  }

  bool operator==(const RowFormat&) const = default;
};

// "f32", "f16", "bf16", "fp8_e4m3", "fp8_e5m2", "int8", "int4", "int2", "i8"; and back.
WINDROW_API std::string_view row_format_name(RowFormat::Kind kind);
WINDROW_API std::optional<RowFormat::Kind> row_format_named(std::string_view name);

// "none", "f32", "ue8m0", "bf16".
WINDROW_API std::string_view scale_type_name(RowFormat::ScaleType type);

}  // namespace windrow
