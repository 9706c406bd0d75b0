#include "train/row_patcher.h"

#include <algorithm>

#include "base/fail.h"
#include "table/checksum_map.h"
#include "train/refresh_checksums.h"

namespace windrow {

RowPatcher::RowPatcher(io::File& file, const TableFile& table, RowImages images, const RowCounters* counters)
    : file_(file), table_(table), images_(std::move(images)), counters_(counters) {
  const auto rows = static_cast<uint64_t>(table.rows);
  for (const auto& part : images_.parts()) blocks_.emplace_back(rows * part.stride);
}

Result<void> RowPatcher::patch(int64_t row, std::span<const uint8_t> image) {
  if (counters_) counters_->begin_change(row);
  auto written = write(row, image);
  if (counters_) counters_->end_change(row);
  rows_ += written.has_value();
  return written;
}

Result<void> RowPatcher::write(int64_t row, std::span<const uint8_t> image) {
  for (size_t p = 0; p < images_.parts().size(); ++p) {
    const auto& part = images_.parts()[p];
    if (auto written = file_.write(part.at(row), image.first(part.bytes)); !written) return written;
    blocks_[p].mark(static_cast<uint64_t>(row) * part.stride, part.bytes);
    image = image.subspan(part.bytes);
  }
  return {};
}

Result<void> RowPatcher::refresh_checksums() {
  const auto tensors = checksummed_tensors(table_);
  if (!tensors) return tl::make_unexpected(tensors.error());
  for (size_t p = 0; p < blocks_.size(); ++p) {
    const auto of = std::find_if(tensors->begin(), tensors->end(), [&](const ChecksummedTensor& each) {
      return each.bytes() > 0 && each.tensor->begin == images_.parts()[p].begin;
    });
    if (of == tensors->end()) continue;
    auto refreshed =
        windrow::refresh_checksums(file_, *of, [&](uint64_t block) { return blocks_[p].is_marked(block); });
    if (!refreshed) return refreshed;
  }
  return {};
}

}  // namespace windrow
