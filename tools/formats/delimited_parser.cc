#include "formats/delimited_parser.h"

#include "base/fail.h"
#include "format/text.h"
#include "formats/numbers.h"
#include "formats/word2vec_header.h"

namespace windrow::tools {

namespace {

std::string_view without_cr(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// The text of a quoted field as it is meant.
std::string unquoted(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    plain += text[i];
    if (text[i] == '"' && i + 1 < text.size() && text[i + 1] == '"') ++i;
  }
  return plain;
}

class DelimitedParser : public LineParser {
 public:
  DelimitedParser(char separator, size_t columns, std::optional<size_t> token_column)
      : separator_(separator), columns_(columns), token_column_(token_column) {}

  size_t dim() const override { return columns_ - (token_column_ ? 1 : 0); }
  bool has_tokens() const override { return token_column_.has_value(); }

  ParsedLine parse(std::string_view line, float* values) const noexcept override {
    ParsedLine parsed;
    parsed.crlf = line.ends_with('\r');
    const std::string_view text = without_cr(line);
    parsed.blank = text.empty();
    DelimitedFields fields(text, separator_);
    DelimitedFields::Field field;
    size_t column = 0;
    for (; fields.next(field); ++column) {
      if (field.open) parsed.fault = ParsedLine::Fault::kOpenQuote;
      if (column >= columns_ || field.open) continue;
      if (column == token_column_) {
        take_token(line, field, parsed);
      } else if (parsed.fault == ParsedLine::Fault::kNone) {
        take_value(field, column, values, parsed);
      }
    }
    parsed.field = column == columns_ ? parsed.field : static_cast<uint32_t>(column);
    if (parsed.fault == ParsedLine::Fault::kOpenQuote || column == columns_) return parsed;
    parsed.fault = column < columns_ ? ParsedLine::Fault::kTooFewFields : ParsedLine::Fault::kTooManyFields;
    return parsed;
  }

  void add_token(std::string_view stored, TokenList& tokens) const override {
    if (separator_ != ',' || !stored.starts_with('"')) return tokens.add(stored);
    tokens.add(unquoted(stored.substr(1, stored.size() - 2)));
  }

  std::string explain(std::string_view line, const ParsedLine& parsed) const override {
    switch (parsed.fault) {
      case ParsedLine::Fault::kTooFewFields:
      case ParsedLine::Fault::kTooManyFields:
        return concat(parsed.field, " fields, where rows have ", columns_);
      case ParsedLine::Fault::kBadNumber:
        return concat(
            "column ", parsed.field, " is no number that fits a float: ",
            in_quotes(std::string_view(split_delimited(line, separator_)[parsed.field]).substr(0, 32)));
      case ParsedLine::Fault::kOpenQuote:
        return "no quote ends a field that begins with one: a line end in quotes is not read";
      default:
        return concat("a token of ", parsed.token_bytes, " bytes: this is no table of vectors");
    }
  }

 private:
  void take_token(std::string_view line, const DelimitedFields::Field& field,
                  ParsedLine& parsed) const noexcept {
    const size_t quote = field.quoted ? 1 : 0;
    parsed.token_begin =
        static_cast<uint32_t>(field.text.data() - line.data() - static_cast<ptrdiff_t>(quote));
    parsed.token_bytes = static_cast<uint32_t>(field.text.size() + 2 * quote);
    if (field.text.size() > kMaxTokenBytes) parsed.fault = ParsedLine::Fault::kLongToken;
  }

  void take_value(const DelimitedFields::Field& field, size_t column, float* values,
                  ParsedLine& parsed) const noexcept {
    const auto value = delimited_number(field.text);
    if (value) {
      values[column - (token_column_ && column > *token_column_ ? 1 : 0)] = *value;
      return;
    }
    parsed.fault = ParsedLine::Fault::kBadNumber;
    parsed.field = static_cast<uint32_t>(column);
  }

  char separator_;
  size_t columns_;
  std::optional<size_t> token_column_;
};

}  // namespace

bool DelimitedFields::next(Field& field) noexcept {
  if (ended_) return false;
  field = {};
  size_t end = 0;  // of the field in rest_
  if (separator_ == ',' && rest_.starts_with('"')) {
    field.quoted = true;
    size_t quote = rest_.find('"', 1);
    while (quote != std::string_view::npos && quote + 1 < rest_.size() && rest_[quote + 1] == '"')
      quote = rest_.find('"', quote + 2);
    const bool ends =
        quote != std::string_view::npos && (quote + 1 == rest_.size() || rest_[quote + 1] == separator_);
    field.open = !ends;
    end = ends ? quote + 1 : rest_.size();
    field.text = rest_.substr(1, ends ? quote - 1 : std::string_view::npos);
  } else {
    end = std::min(rest_.find(separator_), rest_.size());
    field.text = rest_.substr(0, end);
  }
  ended_ = end == rest_.size();
  rest_.remove_prefix(ended_ ? end : end + 1);
  return true;
}

std::vector<std::string> split_delimited(std::string_view line, char separator) {
  std::vector<std::string> texts;
  DelimitedFields fields(without_cr(line), separator);
  for (DelimitedFields::Field field; fields.next(field);)
    texts.push_back(field.quoted ? unquoted(field.text) : std::string(field.text));
  return texts;
}

std::optional<float> delimited_number(std::string_view text) noexcept {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return parse_float(text);
}

std::unique_ptr<LineParser> delimited_parser(char separator, size_t columns,
                                             std::optional<size_t> token_column) {
  return std::make_unique<DelimitedParser>(separator, columns, token_column);
}

}  // namespace windrow::tools
