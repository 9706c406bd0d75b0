#pragma once

#include <windrow/lookup.h>

#include <string>
#include <vector>

#include "support/catch.h"

// All values of a table, row by row, as gather decodes them.
inline std::vector<float> all_values(const windrow::Table& table) {
  std::vector<int64_t> ids;
  for (int64_t r = 0; r < table.rows(); ++r) ids.push_back(r);
  std::vector<float> out(ids.size() * static_cast<size_t>(table.dim()));
  REQUIRE(windrow::gather(table, std::span<const int64_t>(ids),
                          windrow::RowsOut(out, static_cast<size_t>(table.dim()))));
  return out;
}

// The error of a result that must be one.
template <class T>
windrow::Error error_of(const windrow::Result<T>& result) {
  REQUIRE(!result);
  return result.error();
}
