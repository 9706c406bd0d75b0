#include "table/scales.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/fail.h"
#include "table/data_file.h"

namespace windrow {

namespace {

constexpr std::string_view kWeight = ".weight";

std::optional<RowFormat::ScaleType> scale_type_of(std::string_view dtype) {
  if (dtype == "F32") return RowFormat::ScaleType::kF32;
  if (dtype == "BF16") return RowFormat::ScaleType::kBf16;
  if (dtype == "F8_E8M0" || dtype == "U8") return RowFormat::ScaleType::kUe8m0;
  return std::nullopt;
}

// The numbers b with ceil(extent / b) == parts, from `low` to `high`; none when low > high.
struct Candidates {
  uint64_t low, high;
};
Candidates block_sizes(uint64_t extent, uint64_t parts) {
  if (parts == 0 || extent == 0 || parts > extent) return {1, 0};
  const uint64_t low = (extent - 1) / parts + 1;
  if (parts == 1) return {low, std::numeric_limits<uint64_t>::max()};
  return {low, (extent - 1) / (parts - 1)};
}

// The side of square blocks of which there are so many. Nothing unless there is just one number that it could
// be: the only one that fits, or else the only likely one, where likely is a power of two, or what divides the
// columns evenly.
std::optional<uint64_t> square_block(uint64_t rows, uint64_t row_parts, uint64_t dim, uint64_t column_parts) {
  const Candidates by_rows = block_sizes(rows, row_parts), by_columns = block_sizes(dim, column_parts);
  const uint64_t low = std::max(by_rows.low, by_columns.low), high = std::min(by_rows.high, by_columns.high);
  if (low > high) return std::nullopt;
  if (low == high) return low;
  std::vector<uint64_t> likely;
  const uint64_t even = dim / column_parts;
  if (dim % column_parts == 0 && even >= low && even <= high) likely.push_back(even);
  for (uint64_t power = 1; power <= std::min(high, uint64_t{1} << 62); power *= 2) {
    if (power >= low && std::find(likely.begin(), likely.end(), power) == likely.end())
      likely.push_back(power);
  }
  if (likely.size() != 1) return std::nullopt;
  return likely[0];
}

}  // namespace

std::vector<std::string> scale_names(std::string_view rows) {
  std::vector<std::string> names;
  for (const char* suffix : {"_scale", "_scale_inv", ".scale"}) names.push_back(concat(rows, suffix));
  if (rows.ends_with(kWeight))
    names.push_back(concat(rows.substr(0, rows.size() - kWeight.size()), ".scale"));
  if (rows == kWeight.substr(1)) names.emplace_back("scale");
  return names;
}

// `a.shards.*.weight` and `a.shard_*` lie in the module `a` or `a.shards`, which may have a scale of its own.
std::vector<std::string> shared_scale_names(std::string_view pattern) {
  std::vector<std::string> names;
  std::string_view module = pattern.substr(0, pattern.find('*'));
  for (int up = 0; up < 2; ++up) {
    const size_t dot = module.rfind('.');
    if (dot == module.npos) break;
    module = module.substr(0, dot);
    for (const char* suffix : {".weight_scale", ".weight_scale_inv"}) names.push_back(concat(module, suffix));
  }
  return names;
}

Result<ScaleLayout> scale_layout(const safetensors::Tensor& scales, int64_t row_count, int64_t dim_count) {
  const auto rows = static_cast<uint64_t>(row_count), dim = static_cast<uint64_t>(dim_count);
  const std::string text =
      concat("scales \"", scales.name, "\" ", scales.dtype, " ", shape_text(scales.shape));
  const auto type = scale_type_of(scales.dtype);
  if (!type) {
    return fail(ErrorCode::kUnsupported, text,
                ": scales can be F32, BF16, F8_E8M0 or U8 (the same as F8_E8M0)");
  }
  RowFormat format = RowFormat::fp8_e4m3(dim_count).scaled(*type, dim_count);
  const auto layout = [&](uint64_t block, uint64_t rows_per_scale) {
    format.block = static_cast<int64_t>(std::min(block, dim));
    constexpr uint64_t kAll = std::numeric_limits<int64_t>::max();
    return ScaleLayout{*type, format.block, static_cast<int64_t>(std::min(rows_per_scale, kAll)),
                       format.scale_bytes(), rows_per_scale >= kAll};
  };

  const auto& shape = scales.shape;
  if (std::all_of(shape.begin(), shape.end(), [](uint64_t extent) { return extent == 1; }) &&
      shape.size() <= 2) {
    return layout(dim, std::numeric_limits<uint64_t>::max());
  }
  const uint64_t row_parts = shape[0], column_parts = shape.size() == 2 ? shape[1] : 1;
  if (shape.size() <= 2 && row_parts == rows && column_parts > 0 && dim % column_parts == 0) {
    return layout(dim / column_parts, 1);
  }
  if (shape.size() == 2 && row_parts != rows) {
    if (const auto side = square_block(rows, row_parts, dim, column_parts)) return layout(*side, *side);
  }
  return fail(
      ErrorCode::kFormat, text, " do not fit rows of shape [", rows, ", ", dim,
      "]: they must be one value, [rows], [rows, n] where n divides the columns, or one for every block "
      "of b rows and b columns, where only one b is possible");
}

}  // namespace windrow
