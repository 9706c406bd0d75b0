#pragma once

#include <windrow/table.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace windrow::tools {

// The tokens of rows [begin, end), found in one pass; empty for a row without one. Where several tokens share a row,
// the first. They live as long as the table.
std::vector<std::string_view> tokens_of_rows(const Table& table, int64_t begin, int64_t end);

}  // namespace windrow::tools
