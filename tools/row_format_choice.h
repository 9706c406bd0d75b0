#pragma once

#include <windrow/row_format.h>
#include <string>

namespace windrow::tools {

// A row format that waits for its dim.
struct RowFormatChoice {
  RowFormat::Kind kind = RowFormat::Kind::kF32;
  RowFormat::ScaleType scale_type = RowFormat::ScaleType::kNone;
  int64_t block = 0;  // columns that share a scale; 0: all of a row
  bool align_rows = false;

  RowFormat of(int64_t dim) const;
};

// "f32", "ue8m0", ...
std::string scale_type_name(RowFormat::ScaleType type);

// For people: "int8"; "fp8_e4m3, a scale (f32) for every 32 columns".
std::string row_format_text(const RowFormat& format);

}  // namespace windrow::tools
