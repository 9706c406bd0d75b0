#pragma once

#include <array>
#include <vector>

#include "table/table_data.h"

namespace windrow {

// A row of zero bytes, and zero scales: 0 in every format. Wide rows take memory of their own.
class ZeroRow {
 public:
  ZeroRow(const TableData& table, bool needed) {
    const size_t bytes = table.format.row_bytes() + table.format.scale_bytes();
    if (needed && bytes > kZeros.size()) wide_.resize(bytes);
  }
  const uint8_t* bytes() const { return wide_.empty() ? kZeros.data() : wide_.data(); }

 private:
  static constexpr std::array<uint8_t, 8192> kZeros{};
  std::vector<uint8_t> wide_;
};

}  // namespace windrow
