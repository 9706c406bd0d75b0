#include "row_format_choice.h"

#include "base/fail.h"

namespace windrow::tools {

RowFormat RowFormatChoice::of(int64_t dim) const {
  RowFormat format = RowFormat::of(kind, dim);
  if (scale_type != RowFormat::ScaleType::kNone) format = format.scaled(scale_type, block > 0 ? block : dim);
  return align_rows ? format.padded_to_lines() : format;
}

Result<void> RowFormatChoice::check(int64_t dim) const {
  if (block <= dim) return {};
  return fail(ErrorCode::kInvalidArgument, "--scale block:", block, ": a row has ", dim, " columns only");
}

std::string row_format_text(const RowFormat& format) {
  std::string text(row_format_name(format.kind));
  if (format.block == 0) return text;
  text += concat(", a scale (", scale_type_name(format.scale_type), ") for every ");
  return text + (format.block == format.dim ? "row" : concat(format.block, " columns"));
}

}  // namespace windrow::tools
