#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/row_block.h"

namespace windrow::tools {

// Turns rows into lines, by several threads: the token if asked for, then the values in the shortest digits that give
// them back, with a separator between two; LF.
class TextOutput {
 public:
  explicit TextOutput(char separator = ' ', bool tokens = true) : separator_(separator), tokens_(tokens) {}

  // Hands the lines on in pieces, in their order.
  Result<void> write(const RowBlock& block, const std::function<Result<void>(std::string_view)>& append);

 private:
  char* format_rows(const RowBlock& block, size_t begin, size_t end, char* at) const noexcept;
  size_t room_for(const RowBlock& block, size_t begin, size_t end) const;

  char separator_;
  bool tokens_;
  std::vector<char> text_;
};

// kUnsupported for a token that no line can hold: with a LF, or of more than kMaxTokenBytes. Rows count from `first_row`.
Result<void> check_text_tokens(const RowBlock& block, uint64_t first_row, const std::string& path);

// Appends one row as it stands in a file. Needs a token without LF, of at most kMaxTokenBytes.
void append_text_row(std::string& text, std::string_view token, const float* values, size_t dim);

}  // namespace windrow::tools
