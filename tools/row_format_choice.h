#pragma once

#include <windrow/error.h>
#include <windrow/row_format.h>
#include <string>

namespace windrow::tools {

// A row format that waits for its dim.
struct RowFormatChoice {
  RowFormat::Kind kind = RowFormat::Kind::kF32;
  RowFormat::ScaleType scale_type = RowFormat::ScaleType::kNone;
  int64_t block = 0;  // columns that share a scale; 0: all of a row
  bool align_rows = false;

  // Whether rows of `dim` columns can have it: kInvalidArgument where fewer are there than shall share a scale.
  Result<void> check(int64_t dim) const;
  RowFormat of(int64_t dim) const;
};

// For people: "int8"; "fp8_e4m3, a scale (f32) for every 32 columns".
std::string row_format_text(const RowFormat& format);

}  // namespace windrow::tools
