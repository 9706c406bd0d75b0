#include "formats/delimited.h"

#include <algorithm>

#include "base/fail.h"
#include "format/text.h"
#include "formats/byte_order_mark.h"
#include "formats/delimited_parser.h"
#include "formats/formats.h"
#include "formats/numbers.h"
#include "formats/text_rows.h"

namespace windrow::tools {

namespace {

constexpr size_t kMaxFirstLine = 64 << 20;

const std::vector<std::string> kBlankLine = {""};

// What the first two lines tell.
struct Plan {
  bool has_names = false;  // the first line names the columns
  size_t columns = 0;
  std::optional<size_t> token_column = {};
};

bool is_number(const std::string& field) {
  return delimited_number(field).has_value();
}

// The column that the user names, by its number or by its name, which the first line then has.
Result<void> choose_asked_column(const std::string& asked, const std::vector<std::string>& first,
                                 Plan& plan) {
  if (asked.empty()) return {};
  const auto number = parse_unsigned(asked);
  const auto named = std::find(first.begin(), first.end(), asked);
  if (number && *number < first.size()) {
    plan.token_column = static_cast<size_t>(*number);
    return {};
  }
  if (named != first.end()) {
    plan.token_column = static_cast<size_t>(named - first.begin());
    plan.has_names = true;
    return {};
  }
  return fail(ErrorCode::kInvalidArgument, "--token-column ", in_quotes(asked), ": the ", first.size(),
              " columns have neither this name nor this number, from 0");
}

bool says_token(const std::string& name) {
  constexpr std::string_view kNames[] = {"id", "ID", "Id", "token", "word", "key", "name"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

// Of columns that are all of numbers, the one whose name says that it is no value.
std::optional<size_t> column_of_ids(const std::vector<std::string>& names) {
  const auto found = std::find_if(names.begin(), names.end(), says_token);
  if (found == names.end()) return std::nullopt;
  return static_cast<size_t>(found - names.begin());
}

// The first line of pandas.DataFrame.to_csv(), when columns have no names: nothing or a name above the index, then 0,
// 1, 2, ... Of two columns, those could be the values of a token.
bool has_numbers_for_names(const std::vector<std::string>& first) {
  bool all = first.size() > 1 && !is_number(first[0]);
  if (first.size() < 4 && !first[0].empty() && !says_token(first[0])) all = false;
  for (size_t c = 1; all && c < first.size(); ++c) all = first[c] == std::to_string(c - 1);
  return all;
}

Result<Plan> make_plan(const std::vector<std::string>& first, const std::vector<std::string>& second,
                       const std::string& asked) {
  Plan plan;
  plan.columns = first.size();
  if (auto chosen = choose_asked_column(asked, first, plan); !chosen) return pass(chosen);
  const auto& row = second.empty() ? first : second;
  std::vector<size_t> texts;
  // A line with more columns is refused as it is read.
  for (size_t c = 0; c < std::min(row.size(), plan.columns); ++c) {
    if (!is_number(row[c])) texts.push_back(c);
  }
  if (!plan.token_column && texts.size() == 1) plan.token_column = texts[0];
  if (!plan.token_column && texts.size() > 1) {
    return fail(
        ErrorCode::kFormat, "columns ", texts[0], " and ", texts[1],
        " are both not of numbers: --token-column says which one has the tokens; values must be numbers");
  }
  if (!second.empty()) {
    std::vector<size_t> names;
    for (size_t c = 0; c < first.size(); ++c) {
      if (c != plan.token_column && !is_number(first[c])) names.push_back(c);
    }
    if (has_numbers_for_names(first)) {
      plan.has_names = true;
      plan.token_column = plan.token_column.value_or(0);
    } else if (plan.has_names || (names.size() == 1 && says_token(first[names[0]]))) {
      plan.has_names = true;
    } else if (!plan.token_column && names.size() == 1 && first.size() > 1) {
      // One among numbers is no name: it is a token, and the one below it happens to be a number.
      plan.token_column = names[0];
    } else {
      plan.has_names = !names.empty();
    }
  }
  if (plan.has_names && !plan.token_column) plan.token_column = column_of_ids(first);
  if (plan.columns < (plan.token_column ? 2u : 1u))
    return fail(ErrorCode::kFormat, "a line of one field, and no values");
  return plan;
}

class DelimitedReader : public RowReader {
 public:
  DelimitedReader(TextRows rows, const Plan& plan) : rows_(std::move(rows)), plan_(plan) {
    header_ = {.dim = rows_.parser().dim(),
               .rows = std::nullopt,
               .has_tokens = plan.token_column.has_value(),
               .stored_as = "text",
               .most_rows = rows_.size() / (2 * rows_.parser().dim()) + 1};
  }

  const SourceHeader& header() const override { return header_; }
  Result<void> next(RowBlock& block) override { return rows_.next(block); }

  ReaderFindings findings() const override {
    ReaderFindings findings = rows_.findings();
    if (plan_.has_names) findings.remarks.push_back("the first line has the names of the columns");
    findings.remarks.push_back(
        plan_.token_column
            ? concat("tokens are those of column ", *plan_.token_column)
            : "all columns are values; --token-column says otherwise, by name or number from 0");
    return findings;
  }

 private:
  TextRows rows_;
  Plan plan_;
  SourceHeader header_;
};

// A line that is in `text` as a whole, or to its end.
std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// Two fields or more, and two lines alike of which the second has numbers.
bool looks_delimited(const FileStart& file_start, char separator) {
  const FileStart start = without_byte_order_mark(file_start);
  std::string_view text = start.bytes;
  const auto first = split_delimited(take_line(text), separator);
  if (first.size() < 2) return false;
  auto row = text.empty() ? first : split_delimited(take_line(text), separator);
  if (row == kBlankLine) row = first;
  const bool cut = text.empty() && start.bytes.size() < start.file_bytes;
  const auto numbers = static_cast<size_t>(std::count_if(row.begin(), row.end() - (cut ? 1 : 0), is_number));
  return numbers > 0 && (cut || (row.size() == first.size() && numbers + 1 >= row.size()));
}

template <char separator>
bool recognises(const FileStart& start) {
  return looks_delimited(start, separator);
}

template <char separator>
Result<std::unique_ptr<RowReader>> open(const Source& source) {
  auto bytes = open_bytes(source.path());
  if (!bytes) return pass(bytes);
  return read_delimited(std::move(*bytes), separator, source);
}

}  // namespace

Result<std::unique_ptr<RowReader>> read_delimited(std::unique_ptr<ByteSource> file, char separator,
                                                  const Source& source) {
  ByteReader bytes(std::move(file), TextRows::kBufferBytes);
  const std::string name = bytes.name();
  // The two first lines, whole.
  const auto marked = skip_byte_order_mark(bytes);
  if (!marked) return tl::make_unexpected(marked.error());
  const auto first_end = bytes.find('\n', kMaxFirstLine);
  if (!first_end) return tl::make_unexpected(first_end.error());
  if (bytes.left() == 0 || (!*first_end && bytes.left() > kMaxFirstLine))
    return fail(ErrorCode::kFormat, name, ": byte 0: no first line");
  const auto two = bytes.peek(std::min<size_t>(kMaxFirstLine, 2 * (first_end->value_or(0) + 64 * 1024)));
  if (!two) return tl::make_unexpected(two.error());
  std::string_view text = *two;
  const std::string_view first_line = take_line(text);
  const auto first = split_delimited(first_line, separator);
  auto second = text.empty() ? std::vector<std::string>() : split_delimited(take_line(text), separator);
  if (second == kBlankLine) second.clear();
  const auto plan = make_plan(first, second, source.token_column);
  if (!plan) return fail(plan.error().code, name, ": ", plan.error().message);
  if (plan->has_names) bytes.skip(first_line.size() + 1);
  TextRows rows(std::move(bytes), delimited_parser(separator, plan->columns, plan->token_column),
                {.lenient = source.lenient, .lines_before = plan->has_names ? uint64_t{1} : 0});
  return std::make_unique<DelimitedReader>(std::move(rows), *plan);
}

constexpr std::string_view kOptions[] = {"--token-column"};

const Format kTsv = {
    .name = "tsv",
    .about = "numbers between tabs, with or without a column of tokens and names of columns",
    .rows_by_token = true,
    .options = kOptions,
    .recognises = recognises<'\t'>,
    .open = open<'\t'>,
};

const Format kCsv = {
    .name = "csv",
    .about = "the same between commas, with quotes",
    .rows_by_token = true,
    .options = kOptions,
    .recognises = recognises<','>,
    .open = open<','>,
};

}  // namespace windrow::tools
