#pragma once

#include <windrow/error.h>
#include <windrow/table.h>
#include <cstdint>
#include <string>
#include <vector>

namespace windrow::tools {

// Rows as users name them. Bare words are ids when they are whole numbers.
struct RowNames {
  std::vector<std::string> bare;
  std::vector<int64_t> ids;
  std::vector<std::string> tokens;
};

struct NamedRow {
  int64_t id;
  std::string name;  // the token or the number, as it was given
};

// The rows in the order: bare words, ids, tokens. kNotFound for a token that the table does not have;
// kOutOfRange for an id. Throws WrongUsage for a bare word that is no id where `bare_tokens` does not allow
// it.
Result<std::vector<NamedRow>> find_rows(const Table& table, const RowNames& names, bool bare_tokens);

}  // namespace windrow::tools
