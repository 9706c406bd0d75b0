#include "state_diff.h"

#include <algorithm>
#include <cstring>

#include "base/fail.h"
#include "table/optimizer_state.h"

namespace windrow::tools {

namespace {

constexpr uint64_t kBlockBytes = uint64_t{1} << 20;

// How many of `rows` equal parts of two tensors of the same size differ.
Result<int64_t> changed_rows(const DataFile& a, const safetensors::Tensor& in_a, const DataFile& b,
                             const safetensors::Tensor& in_b, uint64_t rows) {
  const uint64_t row_bytes = (in_a.end - in_a.begin) / rows;
  if (row_bytes == 0) return 0;
  const uint64_t at_once = std::max<uint64_t>(1, kBlockBytes / row_bytes);
  std::vector<uint8_t> bytes_a, bytes_b;
  int64_t changed = 0;
  for (uint64_t row = 0; row < rows; row += at_once) {
    const uint64_t count = std::min(at_once, rows - row);
    bytes_a.resize(static_cast<size_t>(count * row_bytes));
    bytes_b.resize(bytes_a.size());
    if (auto read = a.file->read(in_a.begin + row * row_bytes, bytes_a); !read) return pass(read);
    if (auto read = b.file->read(in_b.begin + row * row_bytes, bytes_b); !read) return pass(read);
    for (uint64_t i = 0; i < count; ++i) {
      const auto at = static_cast<size_t>(i * row_bytes);
      changed += std::memcmp(bytes_a.data() + at, bytes_b.data() + at, static_cast<size_t>(row_bytes)) != 0;
    }
  }
  return changed;
}

}  // namespace

Result<StateDiff> diff_state(const TableAbout& a, const TableAbout& b) {
  StateDiff diff;
  diff.optimizer_a = optimizer_name(a.slot->optimizer_id);
  diff.optimizer_b = optimizer_name(b.slot->optimizer_id);
  diff.step_count_a = a.slot->step_count;
  diff.step_count_b = b.slot->step_count;
  for (const auto& tensor : a.data.header.tensors) {
    if (!tensor.name.starts_with(kStatePrefix)) continue;
    const std::string name = tensor.name.substr(kStatePrefix.size());
    const auto* other = b.data.header.find(tensor.name);
    if (!other) {
      diff.tensors.push_back({name, "only in A"});
    } else if (tensor.shape != other->shape || tensor.dtype != other->dtype) {
      diff.tensors.push_back({name, "of another type or shape"});
    } else {
      const uint64_t rows = tensor.shape.empty() ? 1 : tensor.shape[0];
      const auto changed =
          rows == 0 ? Result<int64_t>(0) : changed_rows(a.data, tensor, b.data, *other, rows);
      if (!changed) return tl::make_unexpected(changed.error());
      if (*changed > 0) diff.tensors.push_back({name, "", *changed, static_cast<int64_t>(rows)});
    }
  }
  for (const auto& tensor : b.data.header.tensors) {
    if (tensor.name.starts_with(kStatePrefix) && !a.data.header.find(tensor.name))
      diff.tensors.push_back({tensor.name.substr(kStatePrefix.size()), "only in B"});
  }
  return diff;
}

}  // namespace windrow::tools
