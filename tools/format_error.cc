#include "format_error.h"

#include <algorithm>
#include <cmath>

namespace windrow::tools {

namespace {

// The values of a row that the format keeps finite.
struct Extent {
  double low = HUGE_VAL, high = -HUGE_VAL;

  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  double magnitude() const { return std::max(std::abs(low), std::abs(high)); }
};

// Rounding to a binary format: half a unit of `fraction_bits` after the leading one, or of the subnormal
// numbers, which are multiples of 2^`lowest`.
double rounding(const Extent& extent, int fraction_bits, int lowest) {
  return std::max(std::ldexp(extent.magnitude(), -fraction_bits - 1), std::ldexp(1.0, lowest - 1));
}

// The formulas of FORMAT.md, "What a format costs".
double error_bound(const RowFormat& format, const Extent& extent) {
  const double range = extent.high - extent.low;
  const double slack = 1 + std::ldexp(1.0, -18);  // of the division by a scale and the product with it
  switch (format.kind) {
    case RowFormat::Kind::kF32:
      return 0;
    case RowFormat::Kind::kF16:
      return rounding(extent, 10, -24);
    case RowFormat::Kind::kBf16:
      return rounding(extent, 7, -133);
    case RowFormat::Kind::kFp8E4m3:
      return format.block > 0 ? slack * rounding(extent, 3, -135) : rounding(extent, 3, -9);
    case RowFormat::Kind::kFp8E5m2:
      return format.block > 0 ? slack * rounding(extent, 2, -142) : rounding(extent, 2, -16);
    case RowFormat::Kind::kI8:
      return format.block > 0 ? std::max(extent.magnitude() / 126, std::ldexp(1.0, -127)) : 0.5;
    case RowFormat::Kind::kInt8:
      return range / 510 + 1e-8 + std::ldexp(extent.magnitude(), -20);
    case RowFormat::Kind::kInt4:
    case RowFormat::Kind::kInt2:
      break;
  }
  const double steps = format.kind == RowFormat::Kind::kInt4 ? 15 : 3;
  return range / (2 * steps) + std::ldexp(range + std::abs(extent.low), -11) + std::ldexp(1.0, -21);
}

}  // namespace

FormatError::FormatError(const RowFormat& format)
    : format_(format),
      encode_(kernels::encode_row(format.kind)),
      decode_(kernels::decode_rows(format)),
      row_(format.row_bytes()),
      decoded_(static_cast<size_t>(format.dim)) {}

void FormatError::add(const RowBlock& block) {
  for (size_t i = 0; i < block.rows; ++i) {
    if (encode_(format_, block.row(i), row_.data()) != kernels::EncodeError::kNone) continue;
    const uint8_t* const row = row_.data();
    decode_(format_, {&row, nullptr, 1, 0}, decoded_.data(), decoded_.size());
    add_row(block.row(i), decoded_.data());
  }
}

void FormatError::add_row(const float* values, const float* decoded) {
  Extent extent;
  for (size_t c = 0; c < decoded_.size(); ++c) {
    if (!std::isfinite(values[c])) continue;
    if (!std::isfinite(decoded[c])) {
      ++lost_;
      continue;
    }
    const double error = std::abs(static_cast<double>(values[c]) - static_cast<double>(decoded[c]));
    largest_ = std::max(largest_, error);
    squares_ += error * error;
    ++count_;
    extent.add(static_cast<double>(values[c]));
  }
  if (extent.low <= extent.high) bound_ = std::max(bound_, error_bound(format_, extent));
}

double FormatError::root_mean_square() const {
  return count_ > 0 ? std::sqrt(squares_ / static_cast<double>(count_)) : 0;
}

}  // namespace windrow::tools
