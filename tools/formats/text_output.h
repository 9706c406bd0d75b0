#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/row_block.h"

namespace windrow::tools {

struct TextStyle {
  char separator = ' ';
  bool tokens = true;            // in front of the values
  std::optional<int> precision;  // significant digits, 1 to 9; else the fewest that give a value back
};

// Turns rows into lines, by several threads: the token if asked for, then the values, with a separator between two; LF.
class TextOutput {
 public:
  explicit TextOutput(const TextStyle& style) : style_(style) {}

  // Hands the lines on in pieces, in their order.
  Result<void> write(const RowBlock& block, const std::function<Result<void>(std::string_view)>& append);

 private:
  char* format_rows(const RowBlock& block, size_t begin, size_t end, char* at) const noexcept;
  size_t room_for(const RowBlock& block, size_t begin, size_t end) const;

  char* format_value(float value, char* at) const noexcept;

  TextStyle style_;
  std::vector<char> text_;
};

// kUnsupported for a token that no line can hold: with a LF, or of more than kMaxTokenBytes. Rows count from `first_row`.
Result<void> check_text_tokens(const RowBlock& block, uint64_t first_row, const std::string& path);

}  // namespace windrow::tools
