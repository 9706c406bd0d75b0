#include "row_format_options.h"

#include "base/fail.h"
#include "format/text.h"
#include "formats/numbers.h"
#include "table/optimizer_state.h"
#include "verb.h"

namespace windrow::tools {

namespace {

constexpr const char* kNames[] = {"f32", "f16", "bf16", "fp8_e4m3", "fp8_e5m2", "int8", "int4", "int2", "i8"};

// "block:32" gives 32, "row" gives 0.
int64_t block_of(const std::string& scale) {
  constexpr std::string_view kBlock = "block:";
  if (scale == "row") return 0;
  const auto columns =
      scale.starts_with(kBlock) ? parse_integer(std::string_view(scale).substr(kBlock.size())) : std::nullopt;
  if (!columns || *columns < 1) {
    throw WrongUsage{
        concat("--scale ", in_quotes(scale), ": there are none, row, and block:N with N columns")};
  }
  return *columns;
}

}  // namespace

RowFormatChoice RowFormatOptions::chosen() const {
  RowFormatChoice choice;
  choice.kind = *row_format_named(name);  // one of kNames
  choice.align_rows = align_rows;
  const bool can_scale = choice.kind == RowFormat::Kind::kFp8E4m3 ||
                         choice.kind == RowFormat::Kind::kFp8E5m2 || choice.kind == RowFormat::Kind::kI8;
  if (!can_scale && !(scale.empty() && scale_type.empty())) {
    throw WrongUsage{concat(scale.empty() ? "--scale-type" : "--scale", ": rows of ", name,
                            " have no scale to choose; fp8_e4m3, fp8_e5m2 and i8 have")};
  }
  if (scale == "none" && !scale_type.empty()) {
    throw WrongUsage{"--scale-type: there is no scale with --scale none"};
  }
  if (!can_scale || scale == "none") return choice;
  choice.scale_type = scale_type == "ue8m0" ? RowFormat::ScaleType::kUe8m0 : RowFormat::ScaleType::kF32;
  choice.block = scale.empty() ? 0 : block_of(scale);
  return choice;
}

void add_row_format_options(CLI::App& verb, RowFormatOptions& options) {
  verb.add_option("--row-format", options.name,
                  "How rows are stored: f32 (default), f16, bf16, fp8_e4m3, fp8_e5m2, int8, int4, int2, i8")
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(kNames), std::end(kNames))));
  verb.add_option(
      "--scale", options.scale,
      "fp8 and i8: one scale for a row (default), block:N for every N columns, or none. Without a scale "
      "e4m3 loses values below 0.002 and beyond 464");
  verb.add_option("--scale-type", options.scale_type,
                  "fp8 and i8: f32 (default), or ue8m0, a byte that is a power of two")
      ->check(CLI::IsMember({"f32", "ue8m0"}));
  verb.add_flag("--align-rows", options.align_rows, "Let every row begin on a cache line of 64 bytes");
}

void check_trainable(const RowFormatChoice& format, bool trained) {
  if (!trained || is_trainable(format.kind)) return;
  throw WrongUsage{
      concat("an optimiser's state: rows of ", row_format_name(format.kind),
             " cannot be trained, since a step is smaller than their spacing; f32, f16 and bf16 rows can")};
}

}  // namespace windrow::tools
