#pragma once

#include <windrow/error.h>
#include <windrow/row_format.h>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "io/file.h"
#include "table/row_counters.h"

namespace windrow {

// How rows are read whole while a trainer changes them: copied, and copied again if they changed meanwhile.
class WholeRows {
 public:
  // The longest row that is read so.
  static constexpr size_t kMaxRowBytes = 32768;
  static constexpr int64_t kMaxDim = 16384;
  static bool can_be_read(const RowFormat& format) {
    return format.row_bytes() <= kMaxRowBytes && format.dim <= kMaxDim;
  }

  // `table` is asked whether a trainer lives.
  WholeRows(RowCounters counters, std::unique_ptr<io::File> table)
      : counters_(std::move(counters)), table_(std::move(table)) {}

  // Copies the row at `from`. A trainer that died in the middle of it leaves it as it is, and given_up() counts.
  void read(int64_t row, const uint8_t* from, size_t bytes, uint8_t* to) const noexcept;

  uint64_t given_up() const { return given_up_.load(std::memory_order_relaxed); }

 private:
  bool writer_lives() const noexcept;

  RowCounters counters_;
  std::unique_ptr<io::File> table_;
  mutable std::atomic<uint64_t> given_up_ = 0;
};

}  // namespace windrow
