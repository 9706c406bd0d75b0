#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "format/text.h"
#include "number_checks.h"
#include "output.h"
#include "plot_rows.h"
#include "principal_components.h"
#include "svg_page.h"
#include "svg_scatter.h"
#include "table_options.h"
#include "target_file.h"
#include "units.h"
#include "verb.h"

namespace windrow::tools {

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostNamed = 10;  // unknown tokens in a report

struct PlotOptions {
  TableOptions table;
  PlotChoice choice;
  std::string svg;
  std::string title;
  bool json = false;
};

std::string axis_text(const char* which, double share) {
  return concat(which, " principal component, ", with_digits(100 * share, 1), " % of the variance");
}

Scatter scatter_of(const PlotOptions& options, const Table& table, const PlotRows& rows,
                   const PrincipalComponents& found) {
  Scatter scatter;
  const std::string file = std::filesystem::path(options.table.path).filename().string();
  scatter.title = options.title.empty() ? (file.empty() ? options.table.path : file) : options.title;
  scatter.subtitle = concat(rows.names.size(), " of ", table.rows(), " rows, ", rows.dim,
                            " columns projected to two; both axes have the same scale");
  scatter.x_axis = axis_text("first", found.share[0]);
  scatter.y_axis = axis_text("second", found.share[1]);
  for (size_t i = 0; i < rows.names.size(); ++i)
    scatter.points.push_back({found.x[i], found.y[i], rows.names[i]});
  return scatter;
}

Json as_json(const PlotOptions& options, const PlotRows& rows, const PrincipalComponents& found,
             size_t named) {
  Json json;
  json["path"] = options.table.path;
  if (!options.svg.empty()) json["svg"] = options.svg;
  json["dim"] = rows.dim;
  json["share_of_variance"] = found.share;
  json["unknown_tokens"] = rows.unknown;
  json["not_finite_rows"] = rows.not_finite;
  if (!options.svg.empty()) json["labels"] = named;
  json["points"] = Json::array();
  for (size_t i = 0; i < rows.names.size(); ++i) {
    Json point;
    point["name"] = rows.names[i];
    point["row"] = rows.rows[i] ? Json(*rows.rows[i]) : Json();
    point["x"] = found.x[i];
    point["y"] = found.y[i];
    json["points"].push_back(std::move(point));
  }
  return json;
}

void print_report(const PlotOptions& options, const PlotRows& rows, const PrincipalComponents& found,
                  size_t named) {
  print_line(options.svg, ": ", rows.names.size(), " points, ", named, " of them labelled; the axes show ",
             with_digits(100 * found.share[0], 1), " % and ", with_digits(100 * found.share[1], 1),
             " % of the variance of their ", rows.dim, " columns");
  if (rows.not_finite)
    print_line("  left out          ", rows.not_finite, " rows with NaN or infinite values");
  if (rows.unknown.empty()) return;
  std::string names;
  for (size_t i = 0; i < std::min(rows.unknown.size(), kMostNamed); ++i)
    names += (i ? ", " : "") + in_quotes(rows.unknown[i]);
  print_line("  unknown tokens    ", rows.unknown.size(), ": ", names,
             rows.unknown.size() > kMostNamed ? ", ..." : "");
}

Result<int> run(const PlotOptions& options) {
  if (options.svg.empty() && !options.json)
    throw WrongUsage{"name a file for the picture with --svg, or ask for --json"};
  if (!options.svg.empty()) {
    std::vector<std::string> sources = options.table.files();
    if (!options.choice.tokens.empty()) sources.push_back(options.choice.tokens);
    if (auto target = check_target(options.svg, sources); !target) return pass(target);
  }
  const auto table = options.table.open();
  if (!table) return tl::make_unexpected(table.error());
  const auto rows = rows_to_plot(*table, options.choice);
  if (!rows) return tl::make_unexpected(rows.error());
  const PrincipalComponents found = principal_components(rows->values, rows->names.size(), rows->dim);
  size_t named = 0;
  if (!options.svg.empty()) {
    const ScatterPicture picture = draw(scatter_of(options, *table, *rows, found));
    named = picture.named;
    if (auto written = write_svg(options.svg, picture.svg); !written) return pass(written);
  }
  if (options.json) {
    print_line(as_json(options, *rows, found, named).dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    print_report(options, *rows, found, named);
  }
  return 0;
}

}  // namespace

Verb plot_verb(CLI::App& command) {
  auto options = std::make_shared<PlotOptions>();
  CLI::App* verb = command.add_subcommand("plot", "Draw rows as points, by their two principal components");
  add_table_options(*verb, options->table);
  verb->add_option("--svg", options->svg, "The picture to write; a file that is there is replaced");
  verb->add_option("--tokens", options->choice.tokens, "Show these tokens: a file with one per line");
  verb->add_option("--rows", options->choice.rows, "Show rows A to B - 1 (A:B)");
  verb->add_option("--top", options->choice.top, "Show the first N tokens, or rows of a table without (300)")
      ->check(whole_number_from(1));
  verb->add_option("--title", options->title, "The picture's title, instead of the table's name");
  verb->add_flag("--json", options->json, "Report as JSON, with the coordinates of all points");
  verb->footer(
      "The components are those of the rows that are shown. Each is turned so that its largest weight is\n"
      "positive: the same rows give the same picture. Labels that would overlap are left out; every point\n"
      "shows its name under the pointer. Words that a table makes of n-grams can be among the tokens.\n\n"
      "EXAMPLES\n"
      "  windrow plot words.safetensors --svg words.svg\n"
      "  windrow plot words.safetensors --tokens countries.txt --svg countries.svg\n"
      "  windrow plot items.safetensors --rows 0:1000 --json");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
