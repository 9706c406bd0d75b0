#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <span>
#include <vector>

#include "table/row_counters.h"
#include "table/row_images.h"
#include "table/table_file.h"
#include "train/dirty_blocks.h"

namespace windrow {

// Writes images of rows into a file, and notes in which blocks of checksums they lie. By writes and not through a
// mapping: errors are errors, and no signal.
class RowPatcher {
 public:
  // `file` is laid out as `table`, and may be its file. `counters`: of readers that want whole rows, or null.
  RowPatcher(io::File& file, const TableFile& table, RowImages images, const RowCounters* counters = nullptr);

  Result<void> patch(int64_t row, std::span<const uint8_t> image);
  uint64_t rows() const { return rows_; }  // that were written

  // To be called behind the last row.
  Result<void> refresh_checksums();

 private:
  Result<void> write(int64_t row, std::span<const uint8_t> image);

  io::File& file_;
  const TableFile& table_;
  RowImages images_;
  const RowCounters* counters_;
  std::vector<DirtyBlocks> blocks_;  // of each part
  uint64_t rows_ = 0;
};

}  // namespace windrow
