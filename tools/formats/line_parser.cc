#include "formats/line_parser.h"

#include <fast_float/fast_float.h>
#include <cmath>
#include <cstring>

#include "base/fail.h"
#include "format/text.h"
#include "formats/numbers.h"
#include "formats/short_number.h"
#include "formats/word2vec_header.h"

namespace windrow::tools {

namespace {

// The line with a token without spaces, in one pass from the left. Where it succeeds the line has `dim` spaces and
// `dim` numbers behind them, so that there is no other way to read it. What is unusual, such as a plus sign or a number
// out of range, is left to the other way.
bool parse_plain(std::string_view line, size_t dim, float* values, size_t& token_bytes) noexcept {
  const char* const end = line.data() + line.size();
  const auto* at = static_cast<const char*>(std::memchr(line.data(), ' ', line.size()));
  if (!at) return false;
  token_bytes = static_cast<size_t>(at - line.data());
  for (size_t k = 0; k < dim; ++k) {
    if (at == end || *at != ' ') return false;
    if (const char* const after = read_short_number(at + 1, end, values[k])) {
      at = after;
      continue;
    }
    const auto [next, error] = fast_float::from_chars(at + 1, end, values[k]);
    if (error != std::errc() || !std::isfinite(values[k])) return false;
    at = next;
  }
  return at == end;
}

class SpacedLineParser : public LineParser {
 public:
  explicit SpacedLineParser(size_t dim) : dim_(dim) {}

  size_t dim() const override { return dim_; }

  ParsedLine parse(std::string_view line, float* values) const noexcept override {
    ParsedLine parsed;
    line = trim_line(line, parsed.crlf);
    parsed.blank = line.empty();
    size_t token_bytes = 0;
    if (!parsed.blank && !parse_plain(line, dim_, values, token_bytes))
      token_bytes = parse_from_end(line, values, parsed);
    if (parsed.blank) parsed.fault = ParsedLine::Fault::kTooFewFields;
    if (token_bytes > kMaxTokenBytes) parsed.fault = ParsedLine::Fault::kLongToken;
    parsed.token_bytes = static_cast<uint32_t>(token_bytes);
    return parsed;
  }

  std::string explain(std::string_view, const ParsedLine& parsed) const override;

 private:
  // From the end of the line to its start: numbers, then the token. Returns the bytes of the token.
  size_t parse_from_end(std::string_view line, float* values, ParsedLine& parsed) const noexcept {
    size_t end = line.size();
    for (size_t k = dim_; k-- > 0;) {
      const size_t space = end == 0 ? std::string_view::npos : line.rfind(' ', end - 1);
      if (space == std::string_view::npos) {
        parsed.fault = ParsedLine::Fault::kTooFewFields;
        parsed.field = static_cast<uint32_t>(dim_ - 1 - k);
        return 0;
      }
      const auto value = parse_float(line.substr(space + 1, end - space - 1));
      if (!value) {
        parsed.fault = ParsedLine::Fault::kBadNumber;
        parsed.field = static_cast<uint32_t>(k);
        return 0;
      }
      values[k] = *value;
      end = space;
    }
    return end;
  }

  size_t dim_;
};

// The field that is `back` fields before the last.
std::string_view field_from_end(std::string_view line, size_t back) {
  for (; back > 0; --back) line = line.substr(0, line.rfind(' '));
  return line.substr(line.rfind(' ') + 1);
}

std::string SpacedLineParser::explain(std::string_view line, const ParsedLine& parsed) const {
  bool crlf;
  line = trim_line(line, crlf);
  switch (parsed.fault) {
    case ParsedLine::Fault::kTooFewFields:
      return concat("too few fields: ", parsed.field, " numbers behind the token, where rows have ", dim_);
    case ParsedLine::Fault::kBadNumber:
      return concat("field ", parsed.field + 1, " of ", dim_, " is no number that fits a float: ",
                    in_quotes(field_from_end(line, dim_ - 1 - parsed.field).substr(0, 32)));
    default:
      return concat("a token of ", parsed.token_bytes, " bytes: this is no text of vectors");
  }
}

}  // namespace

std::string_view trim_line(std::string_view line, bool& crlf) {
  crlf = line.ends_with('\r');
  if (crlf) line.remove_suffix(1);
  while (line.ends_with(' ')) line.remove_suffix(1);
  return line;
}

std::unique_ptr<LineParser> spaced_line_parser(size_t dim) {
  return std::make_unique<SpacedLineParser>(dim);
}

}  // namespace windrow::tools
