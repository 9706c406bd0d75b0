#include "table/row_images.h"

#include <cstring>
#include <limits>

#include "base/fail.h"
#include "kernels/copy.h"
#include "table/optimizer_state.h"

namespace windrow {

Result<RowImages> RowImages::of(const TableFile& table) {
  RowImages images;
  images.parts_.push_back({"weight", table.rows_begin, table.format.stride_bytes, table.format.row_bytes()});
  const auto rows = static_cast<uint64_t>(table.rows);
  for (const auto& tensor : table.header.tensors) {
    if (!tensor.name.starts_with(kStatePrefix) || rows == 0) continue;
    const uint64_t bytes = tensor.end - tensor.begin;
    if (tensor.shape.empty() || tensor.shape[0] != rows || bytes == 0 || bytes % rows != 0) {
      return fail(ErrorCode::kFormat, table.path(), ": the tensor \"", tensor.name, "\" of ", bytes,
                  " bytes is not of ", rows, " rows");
    }
    images.parts_.push_back({tensor.name, tensor.begin, bytes / rows, static_cast<size_t>(bytes / rows)});
  }
  uint64_t bytes = 0;
  for (const Part& part : images.parts_) bytes += part.bytes;
  if (bytes > std::numeric_limits<uint32_t>::max()) {
    return fail(ErrorCode::kUnsupported, table.path(), ": a row with its state has ", bytes,
                " bytes, too many for a journal");
  }
  images.bytes_ = static_cast<size_t>(bytes);
  return images;
}

void RowImages::read(const uint8_t* file, int64_t row, uint8_t* image) const {
  for (const Part& part : parts_) {
    std::memcpy(image, file + part.at(row), part.bytes);
    image += part.bytes;
  }
}

// Not by memcpy, as lookups may be reading the row: kernels/concurrent.h.
void RowImages::write(uint8_t* file, int64_t row, const uint8_t* image) const {
  const kernels::CopyFn copy = kernels::copy_rows();
  for (const Part& part : parts_) {
    copy({&image, 1, 0, part.bytes}, file + part.at(row), part.bytes);
    image += part.bytes;
  }
}

}  // namespace windrow
