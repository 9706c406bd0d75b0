#pragma once

#include <windrow/table.h>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace windrow::tools {

// The tokens of rows [begin, end), found in one pass; empty for a row without one. Where several tokens share a row,
// the first. They live as long as the table.
std::vector<std::string_view> tokens_of_rows(const Table& table, int64_t begin, int64_t end);

// What some rows are called: by their tokens, in a table without by their numbers. Where several tokens share a row, by
// the first that begins with `prefix`. The table must outlive it.
class RowNamer {
 public:
  RowNamer(const Table& table, std::span<const int64_t> rows, std::string_view prefix);

  bool has_tokens() const { return vocabulary_.size() > 0; }
  std::string operator()(int64_t row) const;

 private:
  const Vocabulary& vocabulary_;
  std::unordered_map<int64_t, std::string_view> names_;  // where tokens share rows
};

}  // namespace windrow::tools
