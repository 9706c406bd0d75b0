#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include "base/fail.h"
#include "diff_json.h"
#include "format/text.h"
#include "number_checks.h"
#include "output.h"
#include "progress.h"
#include "state_diff.h"
#include "table/table_data.h"
#include "table_about.h"
#include "table_diff.h"
#include "table_options.h"
#include "token_diff.h"
#include "verb.h"

namespace windrow::tools {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kSame = 0;
constexpr int kDifferent = 1;

struct DiffOptions {
  TableOptions table;  // its path is that of A
  std::string path_b;
  double tolerance = 0;
  bool by_token = false;
  bool rows_only = false;
  bool json = false;
};

struct Side {
  Table table;
  std::optional<TableAbout> about;

  bool is_windrow() const { return about && about->slot; }
};

struct Comparison {
  bool same_shape;
  ValueDiff values;
  TokenDiff tokens;
  bool same_subwords;
  std::optional<StateDiff> state;  // when both are Windrow tables

  bool same_rows(const DiffOptions& options) const {
    // By token, rows whose token the other table lacks had nothing to be compared with.
    const bool all_compared = !options.by_token || tokens.only_a + tokens.only_b == 0;
    return same_shape && values.changed_rows == 0 && all_compared;
  }
  bool same_rest() const { return tokens.same() && same_subwords && (!state || state->same()); }
  bool same(const DiffOptions& options) const {
    return same_rows(options) && (options.rows_only || same_rest());
  }
};

// What is said of reading is for files that need it: a Windrow table is read as it is, so that a checkpoint can be
// compared with what was made of it.
Result<Side> open_side(const DiffOptions& options, const std::string& path) {
  TableSource source = options.table.to_source();
  source.path = path;
  TableSource plain;
  plain.path = path;
  plain.open.unclean = source.open.unclean;
  plain.open.residency = source.open.residency;
  auto about = about_table(plain);
  if (!about) return pass(about);
  const bool is_plain = *about && (*about)->slot &&
                        (options.table.tensor.empty() || !(*about)->data.header.find(options.table.tensor));
  auto table = open_table(is_plain ? plain : source);
  if (!table) return pass(table);
  if (!is_plain) about->reset();
  return Side{std::move(*table), std::move(*about)};
}

// Whether n-grams find the same rows; in pruned tables by the buckets that were kept.
bool same_subwords(const Table& a, const Table& b) {
  if (!a.subwords() || !b.subwords()) return a.subwords() == b.subwords();
  if (*a.subwords() != *b.subwords()) return false;
  const uint8_t* const kept_a = a.internals().kept_buckets;
  const uint8_t* const kept_b = b.internals().kept_buckets;
  const auto bytes = static_cast<size_t>(a.subwords()->kept.value_or(0)) * sizeof(int64_t);
  return bytes == 0 || std::equal(kept_a, kept_a + bytes, kept_b);
}

Result<Comparison> compare(const DiffOptions& options, const Side& a, const Side& b) {
  const bool tokens_on_both = a.table.vocabulary().size() > 0 && b.table.vocabulary().size() > 0;
  if (options.by_token && !tokens_on_both)
    return fail(ErrorCode::kInvalidArgument,
                "--by-token: ", a.table.vocabulary().size() > 0 ? options.path_b : options.table.path,
                " has no vocabulary");
  const int64_t expected =
      options.by_token ? a.table.vocabulary().size() : std::min(a.table.rows(), b.table.rows());
  Progress progress("comparing", static_cast<uint64_t>(expected), "rows");
  const auto values = diff_values(
      a.table, b.table, options.by_token ? pairs_by_token(a.table, b.table) : pairs_by_row(a.table, b.table),
      options.tolerance, [&](int64_t rows) { progress.at(static_cast<uint64_t>(rows)); });
  if (!values) return tl::make_unexpected(values.error());
  Comparison comparison{a.table.rows() == b.table.rows() && a.table.dim() == b.table.dim(),
                        *values,
                        diff_tokens(a.table.vocabulary(), b.table.vocabulary()),
                        true,
                        {}};
  comparison.same_subwords = same_subwords(a.table, b.table);
  if (a.is_windrow() && b.is_windrow()) {
    auto state = diff_state(*a.about, *b.about);
    if (!state) return pass(state);
    comparison.state = std::move(*state);
  }
  return comparison;
}

std::string four_digits(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g", value);
  return text;
}

std::string shape_of(const Table& table) {
  return concat(table.rows(), " x ", table.dim(), ", ", row_format_name(table.format().kind));
}

// "row 5 'paris'", "rows 5 and 7 'paris'".
std::string row_text(const Table& a, int64_t row_a, int64_t row_b) {
  const std::string_view token = a.vocabulary().size() > 0 ? a.vocabulary().token(row_a) : "";
  return concat(row_a == row_b ? concat("row ", row_a) : concat("rows ", row_a, " and ", row_b),
                token.empty() ? "" : " " + in_quotes(token));
}

std::string list_of(const std::vector<std::string>& tokens, int64_t count) {
  std::string text;
  for (const std::string& token : tokens) text += (text.empty() ? "" : ", ") + in_quotes(token);
  return text + (count > static_cast<int64_t>(tokens.size()) ? ", ..." : "");
}

void print_values(const DiffOptions& options, const Table& a, const ValueDiff& values) {
  const std::string within =
      options.tolerance > 0 ? concat(" by more than ", four_digits(options.tolerance)) : "";
  print_line("  rows that differ    ", values.changed_rows, " of ", values.compared_rows, " compared by ",
             options.by_token ? "token" : "row", within);
  for (const ChangedRow& row : values.first) {
    print_line(
        "    ", row_text(a, row.row_a, row.row_b), ": ",
        row.largest > 0 || !row.not_finite ? concat("by up to ", four_digits(row.largest)) : "",
        row.not_finite ? concat(row.largest > 0 ? "; " : "", "NaN or infinity, not the same in both") : "");
  }
  if (values.changed_rows > static_cast<int64_t>(values.first.size())) print_line("    ...");
  if (values.largest_row >= 0) {
    print_line("  largest difference  ", four_digits(values.largest), " in row ", values.largest_row,
               ", column ", values.largest_column);
    print_line("  RMS difference      ", four_digits(values.root_mean_square));
  }
  if (values.not_finite_values > 0)
    print_line("  NaN or infinity     ", values.not_finite_values, " values, not the same in both");
}

void print_tokens(const TokenDiff& tokens) {
  if (tokens.same()) return;
  print_line("  tokens              ", tokens.size_a, " in A, ", tokens.size_b, " in B");
  if (tokens.size_a == 0 || tokens.size_b == 0) return;
  if (tokens.only_a)
    print_line("    only in A         ", tokens.only_a, ": ", list_of(tokens.first_only_a, tokens.only_a));
  if (tokens.only_b)
    print_line("    only in B         ", tokens.only_b, ": ", list_of(tokens.first_only_b, tokens.only_b));
  if (tokens.reweighted) print_line("    another weight    ", tokens.reweighted);
  if (!tokens.moved) return;
  std::string list;
  for (const auto& moved : tokens.first_moved)
    list += concat(list.empty() ? "" : ", ", in_quotes(moved.token), " ", moved.row_a, " to ", moved.row_b);
  print_line("    in another row    ", tokens.moved, ": ", list,
             tokens.moved > static_cast<int64_t>(tokens.first_moved.size()) ? ", ..." : "");
}

void print_state(const StateDiff& state) {
  if (state.optimizer_a != state.optimizer_b)
    print_line("  optimizer           ", state.optimizer_a, " in A, ", state.optimizer_b, " in B");
  if (state.step_count_a != state.step_count_b)
    print_line("  steps               ", state.step_count_a, " in A, ", state.step_count_b, " in B");
  for (const auto& tensor : state.tensors) {
    print_line("  state ", tensor.name, ": ",
               tensor.problem.empty() ? concat(tensor.changed_rows, " of ", tensor.rows, " rows differ")
                                      : tensor.problem);
  }
}

void print_report(const DiffOptions& options, const Side& a, const Side& b, const Comparison& found) {
  print_line("A ", options.table.path, ": ", shape_of(a.table));
  print_line("B ", options.path_b, ": ", shape_of(b.table));
  if (!found.same_shape) {
    print_line("  shapes differ       ", found.values.compared_rows, " rows and ",
               found.values.compared_columns, " columns were compared");
  }
  print_values(options, a.table, found.values);
  print_tokens(found.tokens);
  if (!found.same_subwords) print_line("  subwords            differ");
  if (found.state) print_state(*found.state);
  if (found.same(options)) {
    print_line(options.tolerance > 0 ? "  the same, within the tolerance" : "  the same",
               options.rows_only && !found.same_rest() ? " rows" : "");
  }
}

Json side_json(const std::string& path, const Side& side) {
  Json json;
  json["path"] = path;
  json["rows"] = side.table.rows();
  json["dim"] = side.table.dim();
  json["row_format"] = row_format_name(side.table.format().kind);
  json["vocabulary"] = side.table.vocabulary().size();
  return json;
}

void print_json(const DiffOptions& options, const Side& a, const Side& b, const Comparison& found) {
  Json json;
  json["same"] = found.same(options);
  json["a"] = side_json(options.table.path, a);
  json["b"] = side_json(options.path_b, b);
  json["same_shape"] = found.same_shape;
  json["compared_by"] = options.by_token ? "token" : "row";
  json["tolerance"] = options.tolerance;
  json["values"] = values_json(found.values, a.table);
  json["tokens"] = tokens_json(found.tokens);
  json["same_subwords"] = found.same_subwords;
  if (found.state) json["state"] = state_json(*found.state);
  print_line(json.dump(2, ' ', false, Json::error_handler_t::replace));
}

Result<int> run(const DiffOptions& options) {
  if (std::isnan(options.tolerance)) throw WrongUsage{"--tolerance: NaN is no distance"};
  const auto a = open_side(options, options.table.path);
  if (!a) return tl::make_unexpected(a.error());
  const auto b = open_side(options, options.path_b);
  if (!b) return tl::make_unexpected(b.error());
  const auto found = compare(options, *a, *b);
  if (!found) return tl::make_unexpected(found.error());
  if (options.json) {
    print_json(options, *a, *b, *found);
  } else {
    print_report(options, *a, *b, *found);
  }
  return found->same(options) ? kSame : kDifferent;
}

}  // namespace

Verb diff_verb(CLI::App& command) {
  auto options = std::make_shared<DiffOptions>();
  CLI::App* verb = command.add_subcommand("diff", "Compare two tables: values, tokens, optimiser state");
  verb->add_option("A", options->table.path, "A table, or anything that opens as one")->required();
  verb->add_option("B", options->path_b, "Another")->required();
  verb->add_option("--tolerance", options->tolerance, "Values that are at most this far apart are equal (0)")
      ->check(number_from_zero());
  verb->add_flag("--by-token", options->by_token, "Compare the rows of equal tokens, wherever they are");
  verb->add_flag("--rows-only", options->rows_only,
                 "Tokens and state are reported, but do not make tables different");
  verb->add_flag("--json", options->json, "As JSON");
  add_reading_options(*verb, options->table);
  add_residency_option(*verb, options->table);
  verb->footer(
      "Values are compared as floats, whatever the rows are stored as; a NaN equals a NaN of the same bits.\n"
      "Of tables of different shapes the rows and columns that both have are compared. --tensor and the\n"
      "like are for those of the two that are no Windrow tables.\n\n"
      "EXIT STATUS\n"
      "  0  the same: shape, values within the tolerance, tokens, and in two Windrow tables steps and state\n"
      "  1  different, as the report on standard output says; or failed, with a message on standard error\n"
      "  2  used wrongly\n\n"
      "EXAMPLES\n"
      "  windrow diff before.safetensors after.safetensors\n"
      "  windrow diff words.safetensors int8.safetensors --tolerance 0.01 --rows-only\n"
      "  windrow diff old.safetensors new.safetensors --by-token --json\n"
      "  windrow diff checkpoint/ fused.safetensors --tensor 'model.embed.*.weight'");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
