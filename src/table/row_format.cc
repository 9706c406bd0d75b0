#include "windrow/row_format.h"

#include <algorithm>
#include <array>
#include <string>

#include "table/row_format_check.h"

namespace windrow {

namespace {

using Kind = RowFormat::Kind;

struct Name {
  Kind kind;
  std::string_view text;
};
constexpr std::array kNames = {
    Name{Kind::kF32, "f32"},          Name{Kind::kF16, "f16"},          Name{Kind::kBf16, "bf16"},
    Name{Kind::kFp8E4m3, "fp8_e4m3"}, Name{Kind::kFp8E5m2, "fp8_e5m2"}, Name{Kind::kInt8, "int8"},
    Name{Kind::kInt4, "int4"},        Name{Kind::kInt2, "int2"},        Name{Kind::kI8, "i8"},
};

// Strides must keep values of this size apart by whole numbers of them: a file's tensor has whole columns.
size_t column_bytes(Kind kind) {
  if (kind == Kind::kF32) return 4;
  return kind == Kind::kF16 || kind == Kind::kBf16 ? 2 : 1;
}

Result<void> check_scales(const RowFormat& format) {
  const bool can_scale =
      format.kind == Kind::kFp8E4m3 || format.kind == Kind::kFp8E5m2 || format.kind == Kind::kI8;
  const bool has_type = format.scale_type != RowFormat::ScaleType::kNone;
  if (format.block < 0 || format.block > format.dim || has_type != (format.block > 0) ||
      format.scale_type > RowFormat::ScaleType::kBf16 || format.scale_place > RowFormat::ScalePlace::kApart) {
    return fail(ErrorCode::kInvalidArgument, "scales: one for every ", format.block, " of ", format.dim,
                " columns, of type ", scale_type_name(format.scale_type),
                "; give a type and from 1 to dim columns, or neither");
  }
  if (format.block > 0 && !can_scale) {
    return fail(ErrorCode::kInvalidArgument, "rows of ", row_format_name(format.kind),
                " have no scales of this kind; fp8 and i8 rows do");
  }
  if (format.block == 0 && format.scale_place == RowFormat::ScalePlace::kApart) {
    return fail(ErrorCode::kInvalidArgument, "the format has scales apart, but no type of scales");
  }
  return {};
}

}  // namespace

std::string_view row_format_name(Kind kind) {
  const auto found =
      std::find_if(kNames.begin(), kNames.end(), [&](const Name& n) { return n.kind == kind; });
  return found == kNames.end() ? "unknown" : found->text;
}

std::string_view scale_type_name(RowFormat::ScaleType type) {
  constexpr std::array<std::string_view, 4> kTypes = {"none", "f32", "ue8m0", "bf16"};
  const auto number = static_cast<size_t>(type);
  return number < kTypes.size() ? kTypes[number] : "unknown";
}

std::optional<Kind> row_format_named(std::string_view name) {
  const auto found =
      std::find_if(kNames.begin(), kNames.end(), [&](const Name& n) { return n.text == name; });
  if (found == kNames.end()) return std::nullopt;
  return found->kind;
}

Result<void> check_row_format(const RowFormat& format) {
  if (std::none_of(kNames.begin(), kNames.end(), [&](const Name& n) { return n.kind == format.kind; })) {
    return fail(ErrorCode::kInvalidArgument, "no row format has number ", static_cast<uint32_t>(format.kind));
  }
  if (format.dim < 1 || format.dim > kMaxDim) {
    return fail(ErrorCode::kInvalidArgument, "dim is ", format.dim, ", and must be from 1 to ", kMaxDim);
  }
  if (auto scales = check_scales(format); !scales) return scales;
  const size_t column = column_bytes(format.kind);
  if (format.stride_bytes < format.row_bytes() || format.stride_bytes % column != 0) {
    return fail(ErrorCode::kInvalidArgument, "a stride of ", format.stride_bytes, " bytes for rows of ",
                format.row_bytes(), ": it must ",
                column > 1 ? concat("be a multiple of ", column, ", and ") : "", "not be less");
  }
  return {};
}

}  // namespace windrow
