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

// The one number of these that a block can be: the only one that there is, or else the only likely one, where
// likely is a power of two, or what divides the columns evenly. Nothing when two remain, or none.
std::optional<uint64_t> certain_block(Candidates found, uint64_t dim, uint64_t column_parts) {
  if (found.low > found.high) return std::nullopt;
  if (found.low == found.high) return found.low;
  std::vector<uint64_t> likely;
  const uint64_t even = dim / column_parts;
  if (dim % column_parts == 0 && even >= found.low && even <= found.high) likely.push_back(even);
  for (uint64_t power = 1; power <= std::min(found.high, uint64_t{1} << 62); power *= 2) {
    if (power >= found.low && std::find(likely.begin(), likely.end(), power) == likely.end())
      likely.push_back(power);
  }
  if (likely.size() != 1) return std::nullopt;
  return likely[0];
}

// Both at once: numbers that are of `a` and of `b`.
Candidates common(Candidates a, Candidates b) {
  return {std::max(a.low, b.low), std::min(a.high, b.high)};
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

Result<ScaleLayout> scale_layout(const safetensors::Tensor& scales, int64_t row_count, int64_t dim_count,
                                 int64_t scale_columns) {
  const auto rows = static_cast<uint64_t>(row_count), dim = static_cast<uint64_t>(dim_count);
  const std::string text =
      concat("scales \"", scales.name, "\" ", scales.dtype, " ", shape_text(scales.shape));
  const auto type = scale_type_of(scales.dtype);
  if (!type) {
    return fail(ErrorCode::kUnsupported, text,
                ": scales can be F32, BF16, F8_E8M0 or U8 (the same as F8_E8M0)");
  }
  // The block that these can be, or that the caller says it is.
  const auto choose = [&](Candidates found, uint64_t column_parts) -> std::optional<uint64_t> {
    if (scale_columns == 0) return certain_block(found, dim, column_parts);
    const auto wanted = static_cast<uint64_t>(scale_columns);
    if (wanted < found.low || wanted > found.high) return std::nullopt;
    return wanted;
  };
  RowFormat format = RowFormat::fp8_e4m3(dim_count).scaled(*type, dim_count);
  const auto layout = [&](uint64_t block, uint64_t rows_per_scale) {
    format.block = static_cast<int64_t>(std::min(block, dim));
    constexpr uint64_t kAll = std::numeric_limits<int64_t>::max();
    return ScaleLayout{*type, format.block, static_cast<int64_t>(std::min(rows_per_scale, kAll)),
                       format.scale_bytes(), rows_per_scale >= kAll};
  };

  const auto& shape = scales.shape;
  if (shape.size() <= 2) {
    const bool one_value =
        std::all_of(shape.begin(), shape.end(), [](uint64_t extent) { return extent == 1; });
    const uint64_t row_parts = shape.empty() ? 1 : shape[0], column_parts = shape.size() == 2 ? shape[1] : 1;
    const Candidates by_columns = block_sizes(dim, column_parts);
    if (one_value || row_parts == rows) {
      // With one part, any number of columns that is not below all of them is right.
      const auto block = column_parts == 1 && scale_columns == 0 ? dim : choose(by_columns, column_parts);
      if (block) return layout(*block, one_value ? std::numeric_limits<uint64_t>::max() : 1);
    } else if (shape.size() == 2) {
      const auto side = choose(common(block_sizes(rows, row_parts), by_columns), column_parts);
      if (side) return layout(*side, *side);
    }
    if (scale_columns != 0) {
      return fail(ErrorCode::kInvalidArgument, text, " for rows of shape [", rows, ", ", dim,
                  "] cannot be one for every ", scale_columns, " columns, as scale_columns has it");
    }
  }
  return fail(ErrorCode::kFormat, text, " do not fit rows of shape [", rows, ", ", dim,
              "], or leave open how many columns share one (say that with scale_columns): they must be one "
              "value, [rows], [rows, n], or one for every block of b rows and b columns");
}

}  // namespace windrow
