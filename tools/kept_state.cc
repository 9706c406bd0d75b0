#include "kept_state.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "base/fail.h"
#include "optimizer_kinds.h"
#include "table/optimizer_state.h"
#include "table/stored_rows.h"
#include "table_about.h"

namespace windrow::tools {

namespace {

using Tensors = std::vector<const safetensors::Tensor*>;

// The tensors of the state of `optimizer`, or nothing if those of the file are others.
std::optional<Tensors> tensors_of(const Optimizer& optimizer, uint64_t dim,
                                  const safetensors::Header& header) {
  Tensors tensors;
  const uint64_t rows = header.find("weight")->shape[0];
  for (const StateTensor& state : state_tensors(optimizer)) {
    const auto* tensor = header.find(concat(kStatePrefix, state.name));
    std::vector<uint64_t> shape = {rows};
    if (!state.per_row) shape.push_back(dim);
    if (!tensor || tensor->dtype != "F32" || tensor->shape != shape) return std::nullopt;
    tensors.push_back(tensor);
  }
  const auto in_file = std::count_if(header.tensors.begin(), header.tensors.end(), [](const auto& tensor) {
    return tensor.name.starts_with(kStatePrefix);
  });
  if (static_cast<size_t>(in_file) != tensors.size()) return std::nullopt;
  return tensors;
}

// The optimiser with this number that keeps just what the file has. Whether one keeps something may hang on a
// hyper-parameter (SGD's momentum), which no file has: each is tried with a value that is not 0.
std::optional<Optimizer> optimizer_of(uint32_t id, uint64_t dim, const safetensors::Header& header) {
  std::optional<Optimizer> found;
  for_each_optimizer([&]<class T>(const T& defaults) {
    if (About<T>::kId != id) return;
    if (tensors_of(defaults, dim, header)) found = defaults;
    for (const auto& field : About<T>::kFields) {
      if (found || !field.number) continue;
      T changed = defaults;
      changed.*field.number = 0.5;
      if (tensors_of(changed, dim, header)) found = changed;
    }
  });
  return found;
}

}  // namespace

Result<KeptState> kept_state(const TableSource& source) {
  auto about = about_table(source);
  if (!about) return pass(about);
  if (!*about || !(*about)->slot) {
    return fail(ErrorCode::kUnsupported, source.path,
                ": --with-state needs a source that is one Windrow table");
  }
  const auto file = std::make_shared<TableAbout>(std::move(**about));
  const MetaSlot& slot = *file->slot;
  if (!slot.clean) {
    return fail(ErrorCode::kUnclean, source.path,
                ": a trainer is working on this table, or died with it: its state "
                "cannot be kept");
  }
  if (slot.optimizer_id == kNoOptimizer) {
    return fail(ErrorCode::kNotFound, source.path, ": the table has no optimiser, and so no state to keep");
  }
  const auto optimizer = optimizer_of(slot.optimizer_id, slot.dim, file->data.header);
  if (!optimizer) {
    return fail(ErrorCode::kUnsupported, source.path, ": the state of ", optimizer_name(slot.optimizer_id),
                " in this table is not what this version knows");
  }
  KeptState kept{*optimizer, {}, static_cast<int64_t>(slot.step_count)};
  const auto states = state_tensors(*optimizer);
  if (states.empty()) return kept;
  kept.values = [file, states, dim = static_cast<uint64_t>(slot.dim),
                 tensors = *tensors_of(*optimizer, slot.dim, file->data.header)](
                    size_t tensor, int64_t first_row, std::span<float> values) -> Result<void> {
    const uint64_t row_bytes = (states[tensor].per_row ? 1 : dim) * sizeof(float);
    if (auto read =
            file->data.file->read(tensors[tensor]->begin + static_cast<uint64_t>(first_row) * row_bytes,
                                  {reinterpret_cast<uint8_t*>(values.data()), values.size_bytes()});
        !read) {
      return read;
    }
    // What a trainer did meanwhile would be in the copy, in part. The rows were read before.
    const auto now = read_slot(file->data);
    if (!now) return tl::make_unexpected(now.error());
    if (now->clean && now->generation == file->slot->generation) return {};
    return fail(ErrorCode::kUnclean, file->data.path(),
                ": a trainer has worked on this table meanwhile: try again");
  };
  return kept;
}

}  // namespace windrow::tools
