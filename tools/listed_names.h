#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <string>
#include <vector>

#include "formats/reader.h"

namespace windrow::tools {

// Names of rows from a source that lists its tokens by themselves: the first token that each row has. They are for
// targets whose rows have one token each.
class ListedNames {
 public:
  // Reads the list to its end.
  static Result<ListedNames> read(RowReader& reader);

  // Gives each row of the block, the first of which is row `first_row`, its token, or else its number.
  void name(RowBlock& block, uint64_t first_row) const;

  uint64_t tokens() const { return tokens_.size(); }
  // What the target has no place for.
  std::vector<std::string> remarks() const;

 private:
  TokenList tokens_;
  std::vector<size_t> of_row_;  // number of a row's token + 1, or 0
  uint64_t further_ = 0;        // tokens of rows that have one already
  bool weights_ = false;
};

}  // namespace windrow::tools
