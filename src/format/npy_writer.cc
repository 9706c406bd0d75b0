#include <algorithm>
#include <cstddef>
#include <string>

#include "base/bytes.h"
#include "base/fail.h"
#include "format/npy.h"

namespace windrow::npy {

namespace {

constexpr std::string_view kStart("\x93NUMPY\x01\x00", 8);  // magic, version 1.0

std::string shape_text(std::span<const uint64_t> shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

}  // namespace

std::vector<uint8_t> header_for(std::string_view descr, std::span<const uint64_t> shape) {
  // As numpy 1.24 (_write_array_header in numpy/lib/format.py): room for the first dimension to grow to
  // 21 digits in place, then 1 to 64 spaces up to the next multiple of 64, so that the data is aligned.
  constexpr size_t kGrowthDigits = 21;
  constexpr size_t kAlign = 64;
  std::string text =
      concat("{'descr': '", descr, "', 'fortran_order': False, 'shape': ", shape_text(shape), ", }");
  if (!shape.empty()) text.append(kGrowthDigits - std::to_string(shape[0]).size(), ' ');
  const size_t text_begin = kStart.size() + sizeof(uint16_t);
  text.append(kAlign - (text_begin + text.size() + 1) % kAlign, ' ');
  text += '\n';

  std::vector<uint8_t> header(text_begin + text.size());
  std::copy(kStart.begin(), kStart.end(), header.begin());
  store<uint16_t>(header.data() + kStart.size(), static_cast<uint16_t>(text.size()));
  std::copy(text.begin(), text.end(), header.begin() + static_cast<ptrdiff_t>(text_begin));
  return header;
}

}  // namespace windrow::npy
