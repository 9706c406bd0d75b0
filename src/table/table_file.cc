#include "table/table_file.h"

#include <algorithm>
#include <vector>

#include "base/fail.h"
#include "table/table_choice.h"

namespace windrow {

Result<TableFile> open_table_file(io::FileSystem& system, const std::string& path, io::Access access,
                                  const std::string& tensor) {
  auto file = open_data_file(system, path, access);
  if (!file) return pass(file);
  const safetensors::Tensor* chosen = nullptr;
  if (!file->array) {
    std::vector<const safetensors::Tensor*> tensors;
    for (const auto& each : file->header.tensors) tensors.push_back(&each);
    auto choice = choose_table(tensors, tensor.empty() ? usual_table(*file) : tensor, {}, file->path());
    if (!choice) return pass(choice);
    chosen = tensors[*choice];
  }
  auto rows = stored_rows(*file, chosen, {});
  if (!rows) return pass(rows);
  return TableFile{std::move(*file), std::move(*rows)};
}

uint64_t draw_content(io::FileSystem& system) {
  uint64_t number = 0;
  while (number == 0) number = system.random64();
  return number;
}

Result<void> write_slot(TableFile& table, const MetaSlot& slot) {
  const auto* meta = table.header.find("_meta");
  std::vector<uint8_t> page(kSlotPage);
  const auto bytes = encode_slot(slot);
  std::copy(bytes.begin(), bytes.end(), page.begin());
  if (auto written = table.file->write_durable(meta->begin + slot.generation % 2 * kSlotPage, page);
      !written) {
    return written;
  }
  table.slot = slot;
  return {};
}

}  // namespace windrow
