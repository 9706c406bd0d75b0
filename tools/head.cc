#include <windrow/lookup.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <numeric>

#include "base/fail.h"
#include "float_json.h"
#include "formats/row_block.h"
#include "output.h"
#include "row_tokens.h"
#include "table_options.h"
#include "text_width.h"
#include "verb.h"

namespace windrow::tools {

namespace {

constexpr size_t kWidestToken = 32;  // columns of a terminal
constexpr int64_t kMostRows = 1'000'000;

struct HeadOptions {
  TableOptions table;
  int64_t count = 10;
  int64_t columns = 8;
  bool json = false;
};

struct Head {
  size_t rows, columns;
  std::vector<float> values;  // rows x columns
  std::vector<std::string_view> tokens;
};

// Rows are gathered whole, a few at a time, since a row may be much wider than what is shown of it.
Result<Head> read_head(const Table& table, const HeadOptions& options) {
  const auto dim = static_cast<size_t>(table.dim());
  Head head{static_cast<size_t>(std::min(options.count, table.rows())),
            static_cast<size_t>(std::min(options.columns, table.dim())),
            {},
            {}};
  head.values.resize(head.rows * head.columns);
  const size_t at_once = rows_per_block(dim);
  std::vector<float> block;
  for (size_t begin = 0; begin < head.rows; begin += at_once) {
    std::vector<int64_t> ids(std::min(at_once, head.rows - begin));
    std::iota(ids.begin(), ids.end(), static_cast<int64_t>(begin));
    block.resize(ids.size() * dim);
    auto gathered = gather(table, std::span<const int64_t>(ids), RowsOut(block, dim));
    if (!gathered) return pass(gathered);
    for (size_t i = 0; i < ids.size(); ++i) {
      std::copy_n(block.data() + i * dim, head.columns, head.values.data() + (begin + i) * head.columns);
    }
  }
  head.tokens = tokens_of_rows(table, 0, static_cast<int64_t>(head.rows));
  return head;
}

// Four digits behind the point where values are of the usual size, else four digits that count.
std::string value_text(float value, bool usual) {
  char text[48];
  std::snprintf(text, sizeof(text), usual ? "%.4f" : "%.3e", static_cast<double>(value));
  return std::isfinite(value) ? text : std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

bool are_usual(const std::vector<float>& values) {
  float largest = 0;
  for (const float value : values) {
    if (std::isfinite(value)) largest = std::max(largest, std::fabs(value));
  }
  return largest == 0 || (largest >= 0.01f && largest < 100'000);
}

void print_text(const Table& table, const HeadOptions& options, const Head& head) {
  const int64_t more_columns = table.dim() - static_cast<int64_t>(head.columns);
  print_line(options.table.path, ": ", table.rows(), " rows x ", table.dim(), ", ",
             row_format_name(table.format().kind));
  std::vector<std::string> texts;
  const bool usual = are_usual(head.values);
  size_t value_width = 0, token_width = 0;
  for (const float value : head.values) {
    texts.push_back(value_text(value, usual));
    value_width = std::max(value_width, texts.back().size());
  }
  for (const std::string_view token : head.tokens)
    token_width = std::max(token_width, terminal_columns(in_one_line(token, kWidestToken)));
  const size_t row_width = std::to_string(head.rows ? head.rows - 1 : 0).size();
  for (size_t i = 0; i < head.rows && !output_is_closed(); ++i) {
    std::string line = "  " + aligned_right(std::to_string(i), row_width);
    if (token_width > 0) line += "  " + aligned_left(in_one_line(head.tokens[i], kWidestToken), token_width);
    for (size_t c = 0; c < head.columns; ++c)
      line += (c ? " " : "  ") + aligned_right(texts[i * head.columns + c], value_width);
    if (more_columns > 0) line += " \u2026";
    print_line(line);
  }
  const int64_t more_rows = table.rows() - static_cast<int64_t>(head.rows);
  if (more_rows > 0) print_line("  \u2026 ", more_rows, " more ", more_rows == 1 ? "row" : "rows");
}

void print_json(const Table& table, const HeadOptions& options, const Head& head) {
  FloatJson json;
  json["path"] = options.table.path;
  json["rows"] = table.rows();
  json["dim"] = table.dim();
  json["row_format"] = row_format_name(table.format().kind);
  json["head"] = FloatJson::array();
  for (size_t i = 0; i < head.rows; ++i) {
    FloatJson row;
    row["row"] = i;
    if (table.vocabulary().size() > 0) row["token"] = std::string(head.tokens[i]);
    const float* const values = head.values.data() + i * head.columns;
    row["values"] = std::vector<float>(values, values + head.columns);
    json["head"].push_back(std::move(row));
  }
  print_line(json.dump(-1, ' ', false, FloatJson::error_handler_t::replace));
}

Result<int> run(const HeadOptions& options) {
  const auto table = options.table.open();
  if (!table) return tl::make_unexpected(table.error());
  const auto head = read_head(*table, options);
  if (!head) return tl::make_unexpected(head.error());
  if (options.json) {
    print_json(*table, options, *head);
  } else {
    print_text(*table, options, *head);
  }
  return 0;
}

}  // namespace

Verb head_verb(CLI::App& command) {
  auto options = std::make_shared<HeadOptions>();
  CLI::App* verb = command.add_subcommand("head", "Show the first rows, with their tokens and first values");
  add_table_options(*verb, options->table);
  verb->add_option("-n,--count", options->count, "Rows to show (10)")
      ->check(CLI::Range(int64_t{0}, kMostRows));
  verb->add_option("--columns", options->columns, "Values of each row to show (8)")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 30));
  verb->add_flag("--json", options->json, "As JSON (NaN and infinities are null)");
  verb->footer(
      "Values are rounded to four digits, but with --json; `windrow lookup` prints whole rows.\n\n"
      "EXAMPLES\n"
      "  windrow head words.safetensors\n"
      "  windrow head checkpoint/ --tensor model.embed_tokens.weight -n 3 --columns 4\n"
      "  windrow head items.safetensors -n 100 --json");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
