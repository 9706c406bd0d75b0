#include "row_format_choice.h"

#include "base/fail.h"

namespace windrow::tools {

RowFormat RowFormatChoice::of(int64_t dim) const {
  RowFormat format = RowFormat::of(kind, dim);
  if (scale_type != RowFormat::ScaleType::kNone) format = format.scaled(scale_type, block > 0 ? block : dim);
  return align_rows ? format.padded_to_lines() : format;
}

std::string scale_type_name(RowFormat::ScaleType type) {
  switch (type) {
    case RowFormat::ScaleType::kNone:
      return "none";
    case RowFormat::ScaleType::kF32:
      return "f32";
    case RowFormat::ScaleType::kUe8m0:
      return "ue8m0";
    case RowFormat::ScaleType::kBf16:
      return "bf16";
  }
  return concat("number ", static_cast<int>(type));
}

std::string row_format_text(const RowFormat& format) {
  std::string text(row_format_name(format.kind));
  if (format.block == 0) return text;
  text += concat(", a scale (", scale_type_name(format.scale_type), ") for every ");
  return text + (format.block == format.dim ? "row" : concat(format.block, " columns"));
}

}  // namespace windrow::tools
