#include "format_error.h"

#include <cmath>
#include <limits>

#include "support/cases.h"
#include "support/catch.h"

using windrow::RowFormat;
using windrow::tools::FormatError;
using windrow::tools::RowBlock;

namespace {

RowBlock block_of(size_t dim, const std::vector<float>& values) {
  RowBlock block;
  block.clear(dim);
  block.values = values;
  block.rows = values.size() / dim;
  return block;
}

}  // namespace

TEST_CASE("format error: what values lose, and what is not counted", "[tools]") {
  FormatError error(RowFormat::bf16(4));
  const float inf = std::numeric_limits<float>::infinity();
  error.add(block_of(4, {1.00390625f, -1.00390625f, 2, 0, NAN, inf, 3.4e38f, 3}));
  CHECK(error.largest() == 0.00390625);
  CHECK(std::abs(error.root_mean_square() - 0.00390625 * std::sqrt(2.0 / 5)) < 1e-12);
  CHECK(error.bound() == 3.0 / 256);
  CHECK(error.lost() == 1);
}

TEST_CASE("format error: no row exceeds the bound of its format, and some come near", "[tools]") {
  using Scale = RowFormat::ScaleType;
  using Kind = RowFormat::Kind;
  std::vector<RowFormat> formats;
  for (const int64_t dim : {1, 7, 64}) {
    for (const Kind kind :
         {Kind::kF16, Kind::kBf16, Kind::kFp8E4m3, Kind::kFp8E5m2, Kind::kInt8, Kind::kInt4, Kind::kInt2}) {
      formats.push_back(RowFormat::of(kind, dim));
    }
    for (const Kind kind : {Kind::kFp8E4m3, Kind::kFp8E5m2, Kind::kI8}) {
      for (const Scale scale : {Scale::kF32, Scale::kUe8m0, Scale::kBf16}) {
        for (const int64_t columns : {int64_t{1}, std::min<int64_t>(32, dim), dim}) {
          formats.push_back(RowFormat::of(kind, dim).scaled(scale, columns));
        }
      }
    }
  }
  std::mt19937_64 random(8);
  for (const RowFormat& format : formats) {
    const auto dim = static_cast<size_t>(format.dim);
    double nearest = 0;
    for (const int exponent : {-140, -40, -12, -3, 0, 4}) {
      for (const float middle : {0.0f, 1000.3f, -1e-3f}) {
        for (int row = 0; row < 20; ++row) {
          std::vector<float> values(dim);
          for (float& value : values) {
            value = std::ldexp(any_value(random, false), exponent) + std::ldexp(middle, exponent / 2);
          }
          FormatError error(format);
          error.add(block_of(dim, values));
          CAPTURE(row_format_name(format.kind), dim, format.block, exponent, middle);
          CHECK(error.largest() <= error.bound());
          if (error.bound() > 0) nearest = std::max(nearest, error.largest() / error.bound());
        }
      }
    }
    CAPTURE(row_format_name(format.kind), dim, format.block, static_cast<int>(format.scale_type), nearest);
    const bool exact = dim == 1 && format.kind == Kind::kInt8;
    CHECK((exact || nearest > 0.2 || (dim == 1 || format.block == 1)));
  }
}
