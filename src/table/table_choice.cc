#include "table/table_choice.h"

#include <algorithm>
#include <map>

#include "base/fail.h"
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

// A name with a `*` for one of its numbers.
std::vector<std::string> patterns_of(std::string_view name) {
  std::vector<std::string> patterns;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (size_t at = 0; at < name.size();) {
    if (!is_digit(name[at])) {
      ++at;
      continue;
    }
    size_t end = at;
    while (end < name.size() && is_digit(name[end])) ++end;
    patterns.push_back(concat(name.substr(0, at), "*", name.substr(end)));
    at = end;
  }
  return patterns;
}

// What pieces of one table have in common, besides the name: the type, and all of the shape but the rows.
std::string kin_of(const safetensors::Tensor& tensor, std::string_view pattern) {
  std::vector<uint64_t> shape = tensor.shape;
  if (!shape.empty()) shape[0] = 0;
  return concat(pattern, " ", tensor.dtype, " ", shape_text(shape));
}

}  // namespace

std::string usual_table(const DataFile& file) {
  constexpr std::string_view kTokens = "token_embd.weight";
  return file.is_gguf && file.header.find(kTokens) ? std::string(kTokens) : std::string();
}

std::string list_of(Tensors tensors) {
  std::map<std::string, size_t> sizes;
  for (const auto* tensor : tensors) {
    for (const auto& pattern : patterns_of(tensor->name)) ++sizes[kin_of(*tensor, pattern)];
  }
  std::string text;
  std::set<std::string> listed;
  size_t lines = 0;
  for (const auto* tensor : tensors) {
    std::string name = tensor->name, kin;
    size_t pieces = 1;
    for (const auto& pattern : patterns_of(tensor->name)) {
      std::string key = kin_of(*tensor, pattern);
      if (const size_t size = sizes[key]; size > pieces) {
        pieces = size;
        name = concat(pattern, " (", size, " pieces)");
        kin = std::move(key);
      }
    }
    if (pieces > 1 && !listed.insert(kin).second) continue;
    if (++lines > kMaxListed) continue;
    text += concat("\n  ", name, "  ", tensor->dtype, " ", shape_text(tensor->shape));
  }
  if (lines > kMaxListed) text += concat("\n  and ", lines - kMaxListed, " more");
  return text;
}

void add_scale_names(Tensors tensors, std::set<std::string>& names) {
  for (const auto* tensor : tensors) {
    if (tensor->shape.size() != 2) continue;
    for (auto& name : scale_names(tensor->name)) names.insert(std::move(name));
  }
}

Result<size_t> choose_table(Tensors tensors, const std::string& name,
                            std::optional<RowFormat::Kind> row_format, const std::string& where,
                            const std::set<std::string>& other_scales) {
  const std::string wanted = !name.empty() ? name : find_named(tensors, "_meta") ? "weight" : "";
  if (!wanted.empty()) {
    if (const auto found = find_named(tensors, wanted)) return *found;
    return fail(ErrorCode::kNotFound, where, ": no tensor is named \"", wanted, "\"");
  }
  std::set<std::string> scales = other_scales;
  add_scale_names(tensors, scales);
  std::vector<const safetensors::Tensor*> candidates, others;
  size_t found = 0;
  std::vector<size_t>
      unread;  // rows, by their shape, of types that cannot be read, or not without row_format
  for (size_t i = 0; i < tensors.size(); ++i) {
    const bool is_scale = scales.contains(tensors[i]->name);
    const bool could_be = is_table_shaped(*tensors[i], row_format) && !is_scale;
    (could_be ? candidates : others).push_back(tensors[i]);
    if (could_be) found = i;
    if (!could_be && !is_scale && tensors[i]->shape.size() == 2) unread.push_back(i);
  }
  // What is wrong with it is best said by those who read it.
  if (candidates.empty() && unread.size() == 1) return unread[0];
  if (candidates.empty()) {
    return fail(
        ErrorCode::kUnsupported, where,
        ": holds no table, which is two-dimensional, of F32, F16, BF16, F8_E4M3, F8_E5M2 or I8, or of U8 "
        "with a row_format",
        others.empty() ? "; it holds no tensors at all" : "; it holds", list_of(others));
  }
  if (candidates.size() > 1) {
    return fail(ErrorCode::kInvalidArgument, where,
                ": several tensors could be the table. Name one; a `*` for the number in the names of its "
                "pieces makes them one table:",
                list_of(candidates));
  }
  return found;
}

}  // namespace windrow
