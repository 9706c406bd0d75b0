#include "table/table_choice.h"

#include <algorithm>
#include <set>

#include "base/fail.h"
#include "table/data_file.h"
#include "table/scales.h"
#include "table/stored_rows.h"

namespace windrow {

namespace {

using Tensors = std::span<const safetensors::Tensor* const>;

constexpr size_t kMaxListed = 40;

std::optional<size_t> find_named(Tensors tensors, std::string_view name) {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const auto* t) { return t->name == name; });
  if (found == tensors.end()) return std::nullopt;
  return static_cast<size_t>(found - tensors.begin());
}

// "\n  name  F32 [3, 4]" for each, up to a limit.
std::string list_of(Tensors tensors) {
  std::string text;
  for (const auto* tensor : tensors.first(std::min(tensors.size(), kMaxListed))) {
    text += concat("\n  ", tensor->name, "  ", tensor->dtype, " ", shape_text(tensor->shape));
  }
  if (tensors.size() > kMaxListed) text += concat("\n  and ", tensors.size() - kMaxListed, " more");
  return text;
}

}  // namespace

Result<size_t> choose_table(Tensors tensors, const std::string& name,
                            std::optional<RowFormat::Kind> row_format, const std::string& where) {
  const std::string wanted = !name.empty() ? name : find_named(tensors, "_meta") ? "weight" : "";
  if (!wanted.empty()) {
    if (const auto found = find_named(tensors, wanted)) return *found;
    return fail(ErrorCode::kNotFound, where, ": no tensor is named \"", wanted, "\"");
  }
  std::set<std::string> scales;
  for (const auto* tensor : tensors) {
    if (!is_table_shaped(*tensor, row_format) || safetensors::bits_of(tensor->dtype) != 8) continue;
    for (auto& scale_name : scale_names(tensor->name)) scales.insert(std::move(scale_name));
  }
  std::vector<const safetensors::Tensor*> candidates, others;
  size_t found = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const bool could_be = is_table_shaped(*tensors[i], row_format) && !scales.contains(tensors[i]->name);
    (could_be ? candidates : others).push_back(tensors[i]);
    if (could_be) found = i;
  }
  if (candidates.empty()) {
    return fail(
        ErrorCode::kUnsupported, where,
        ": holds no table, which is two-dimensional, of F32, F16, BF16, F8_E4M3, F8_E5M2 or I8, or of U8 "
        "with a row_format",
        others.empty() ? "; it holds no tensors at all" : "; it holds", list_of(others));
  }
  if (candidates.size() > 1) {
    return fail(ErrorCode::kInvalidArgument, where,
                ": several tensors could be the table; name one of, or several with a `*` for their numbers,",
                list_of(candidates));
  }
  return found;
}

}  // namespace windrow
