#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "kernels/rows.h"
#include "table/row_stream.h"

namespace windrow {

// Rows as floats for kernels that take nothing else: the rows themselves, or decoded into memory of the
// thread's own.
class FloatRows {
 public:
  // Rows decoded at a time: some 64 KiB of floats.
  static constexpr size_t kMostRows = 32;
  static size_t rows_at_a_time(const TableData& table) {
    return std::clamp<size_t>((size_t{1} << 14) / floats(table), 1, kMostRows);
  }

  // How many floats of memory all threads need; none for rows that are floats already.
  static size_t memory_for(const TableData& table, int threads) {
    const bool decodes = table.format.kind != RowFormat::Kind::kF32;
    return decodes ? static_cast<size_t>(threads) * rows_at_a_time(table) * floats(table) : 0;
  }
  // How rows must be read to be decoded here.
  static RowStream::Options reading_for(const TableData& table, const IdFilter& filter) {
    RowStream::Options options = reading(table, filter);
    if (table.format.kind != RowFormat::Kind::kF32)
      options.max_run = std::min(options.max_run, rows_at_a_time(table));
    return options;
  }

  FloatRows(const TableData& table, std::vector<float>& memory, int thread) : table_(table) {
    if (table.format.kind == RowFormat::Kind::kF32) return;
    decode_ = kernels::decode_rows(table.format);
    const size_t rows = rows_at_a_time(table);
    decoded_ = memory.data() + static_cast<size_t>(thread) * rows * floats(table);
    for (size_t i = 0; i < rows; ++i)
      addresses_[i] = reinterpret_cast<const uint8_t*>(decoded_ + i * floats(table));
  }

  // Whether `of` may be asked for no more than rows_at_a_time() rows.
  bool decodes() const { return decode_ != nullptr; }

  // Addresses of the floats of a run, until the next call.
  const uint8_t* const* of(const kernels::Rows& rows) const {
    if (!decode_) return rows.at;
    decode_(table_.format, rows, decoded_, floats(table_));
    return addresses_.data();
  }
  // How far behind a run's addresses there are more: what a kernel may prefetch.
  size_t ahead(size_t of_rows) const { return decode_ ? 0 : of_rows; }

 private:
  static size_t floats(const TableData& table) { return static_cast<size_t>(table.format.dim); }

  const TableData& table_;
  kernels::DecodeRowsFn decode_ = nullptr;
  float* decoded_ = nullptr;
  std::array<const uint8_t*, kMostRows> addresses_{};
};

}  // namespace windrow
