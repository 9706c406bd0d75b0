#include "formats/number_tensor.h"

#include "base/checked.h"
#include "base/fail.h"
#include "format/text.h"
#include "formats/number_matrix.h"
#include "io/file.h"
#include "table/data_file.h"
#include "table/row_format_check.h"
#include "table/table_choice.h"

namespace windrow::tools {

Result<std::unique_ptr<RowReader>> read_number_tensor(const TableSource& source) {
  const OpenOptions& open = source.open;
  if (!source.more.empty() || open.row_format || open.dim != 0) return nullptr;
  // Whatever is wrong with the file, those who open tables say it.
  const auto file = open_data_file(io::posix(), source.path, io::Access::kRead);
  if (!file || file->array || file->is_gguf) return nullptr;
  std::vector<const safetensors::Tensor*> tensors;
  for (const auto& tensor : file->header.tensors) tensors.push_back(&tensor);
  const auto chosen = choose_table(tensors, open.tensor, std::nullopt, source.path);
  if (!chosen) return nullptr;
  const safetensors::Tensor& tensor = *tensors[*chosen];
  const NumberValues* values = number_values_of_dtype(tensor.dtype);
  if (!values) return nullptr;
  if (tensor.shape.size() != 2 || tensor.shape[1] == 0 || tensor.shape[1] > static_cast<uint64_t>(kMaxDim)) {
    return fail(ErrorCode::kUnsupported, source.path, ": tensor ", in_quotes(tensor.name), " has shape ",
                shape_text(tensor.shape), "; a table has two dimensions, rows and columns");
  }
  auto bytes = open_bytes(source.path);
  if (!bytes) return pass(bytes);
  const uint64_t count = tensor.shape[0] * tensor.shape[1];  // bounds were checked with the header
  const NumberMatrix matrix{
      .begin = tensor.begin,
      .rows = tensor.shape[0],
      .columns = static_cast<size_t>(tensor.shape[1]),
      .item_bytes = count > 0 ? static_cast<size_t>((tensor.end - tensor.begin) / count) : 1,
      .values = *values,
      .stored_as = tensor.dtype};
  return read_number_matrix(std::move(*bytes), matrix);
}

}  // namespace windrow::tools
