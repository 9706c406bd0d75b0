#pragma once

#include <bit>
#include <limits>

#include "base/bytes.h"
#include "base/prefetch.h"
#include "kernels/rows.h"

namespace windrow::kernels {

// 2^(e - 127); the smallest is a subnormal float, and 255 is NaN. (OCP Microscaling Formats, 5.4.1)
inline float float_of_ue8m0(uint8_t e) {
  if (e == 255) return std::numeric_limits<float>::quiet_NaN();
  return std::bit_cast<float>(e == 0 ? uint32_t{0x00400000} : uint32_t{e} << 23);
}

// Scale number `block` of a row, whose scales begin at `scales`.
inline float load_scale(RowFormat::ScaleType type, const uint8_t* scales, size_t block) {
  switch (type) {
    case RowFormat::ScaleType::kF32:
      return load<float>(scales + 4 * block);
    case RowFormat::ScaleType::kUe8m0:
      return float_of_ue8m0(scales[block]);
    case RowFormat::ScaleType::kBf16:
      return std::bit_cast<float>(uint32_t{load<uint16_t>(scales + 2 * block)} << 16);
    case RowFormat::ScaleType::kNone:
      break;
  }
  return 1;
}

// The scales of one block of columns of every row, as floats. With `prefetch` the scales of later rows are
// fetched, where they are apart from the codes.
inline void load_scales(const RowFormat& format, const Rows& rows, size_t block, bool prefetch,
                        float* scales) {
  const bool apart = format.scale_place == RowFormat::ScalePlace::kApart;
  const size_t before = apart ? 0 : format.code_bytes();
  const uint8_t* const* from = apart ? rows.scales : rows.at;
  if (apart && prefetch && rows.ahead > 0) {
    for (size_t i = 0; i < rows.count; ++i) prefetch_range(from[i + rows.ahead], format.scale_bytes());
  }
  for (size_t i = 0; i < rows.count; ++i) scales[i] = load_scale(format.scale_type, from[i] + before, block);
}

// Calls body(begin, end, block) for the blocks of columns that share a scale, as far as they lie in [begin,
// end).
template <class Body>
void for_each_block(const RowFormat& format, size_t begin, size_t end, const Body& body) {
  const auto columns = static_cast<size_t>(format.block);
  while (begin < end) {
    const size_t block = begin / columns, stop = (block + 1) * columns;
    body(begin, stop < end ? stop : end, block);
    begin = stop;
  }
}

}  // namespace windrow::kernels
