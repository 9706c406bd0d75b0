#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/line_parser.h"

namespace windrow::tools {

// One field after another of a line of TSV or CSV.
class DelimitedFields {
 public:
  // `line` without its line end.
  DelimitedFields(std::string_view line, char separator) : rest_(line), separator_(separator) {}

  struct Field {
    std::string_view text;  // without its quotes, of which two are one
    bool quoted = false;
    bool open = false;  // a quote that nothing ends
  };
  bool next(Field& field) noexcept;

 private:
  std::string_view rest_;
  char separator_;
  bool ended_ = false;
};

// A line without CR, as fields; a quoted one without its quotes.
std::vector<std::string> split_delimited(std::string_view line, char separator);

// A number with spaces around it, perhaps.
std::optional<float> delimited_number(std::string_view text) noexcept;

// The parser of lines with `columns` fields, of which one may be the token.
std::unique_ptr<LineParser> delimited_parser(char separator, size_t columns,
                                             std::optional<size_t> token_column);

}  // namespace windrow::tools
