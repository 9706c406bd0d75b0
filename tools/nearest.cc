#include <windrow/lookup.h>
#include <windrow/nearest.h>

#include <cstring>

#include "base/fail.h"
#include "float_json.h"
#include "formats/numbers.h"
#include "output.h"
#include "rows_named.h"
#include "table_options.h"
#include "verb.h"

namespace windrow::tools {

namespace {

struct NearestVerbOptions {
  TableOptions table;
  RowNames names;
  int64_t count = 10;
  bool dot = false;
  int threads = 0;
  bool json = false;
};

void print_text(const Table& table, const std::vector<Neighbor>& neighbors) {
  for (const Neighbor& neighbor : neighbors) {
    std::string line;
    append_float(line, neighbor.score);
    line.resize(std::max<size_t>(line.size(), 12), ' ');
    if (table.vocabulary().size() > 0) {
      line += table.vocabulary().token(neighbor.row);
    } else {
      line += std::to_string(neighbor.row);
    }
    print_line(line);
  }
}

void print_json(const Table& table, const std::vector<Neighbor>& neighbors) {
  FloatJson json = FloatJson::array();
  for (const Neighbor& neighbor : neighbors) {
    FloatJson entry;
    entry["row"] = neighbor.row;
    if (table.vocabulary().size() > 0) entry["token"] = std::string(table.vocabulary().token(neighbor.row));
    entry["score"] = neighbor.score;
    json.push_back(std::move(entry));
  }
  print_line(json.dump(-1, ' ', false, FloatJson::error_handler_t::replace));
}

Result<int> run(const NearestVerbOptions& options) {
  if (options.names.bare.size() + options.names.ids.size() + options.names.tokens.size() != 1) {
    throw WrongUsage{"name one row: an id, or a token"};
  }
  const auto table = options.table.open();
  if (!table) return tl::make_unexpected(table.error());
  const auto rows = find_rows(*table, options.names, true);
  if (!rows) return tl::make_unexpected(rows.error());
  const int64_t own = rows->front().id;
  std::vector<float> query(static_cast<size_t>(table->dim()));
  if (auto read = gather(*table, Ids(std::span(&own, 1)), RowsOut(query, query.size())); !read)
    return pass(read);

  NearestOptions nearest_options;
  nearest_options.similarity = options.dot ? Similarity::kDot : Similarity::kCosine;
  nearest_options.exclude = {&own, 1};
  nearest_options.threads = options.threads;
  const auto neighbors = nearest(*table, query, options.count, nearest_options);
  if (!neighbors) return tl::make_unexpected(neighbors.error());
  if (options.json) {
    print_json(*table, *neighbors);
  } else {
    print_text(*table, *neighbors);
  }
  return 0;
}

}  // namespace

Verb nearest_verb(CLI::App& command) {
  auto options = std::make_shared<NearestVerbOptions>();
  CLI::App* verb = command.add_subcommand("nearest", "Find the rows most similar to one, by reading all");
  add_table_options(*verb, options->table);
  verb->add_option("ROW", options->names.bare, "A row: an id when it is a whole number, else a token")
      ->expected(1);
  verb->add_option("--id", options->names.ids, "The row with this number")->expected(1);
  verb->add_option("--token", options->names.tokens, "The row of this token, also when it is a number")
      ->expected(1);
  verb->add_option("-k", options->count, "How many (10)")->check(CLI::NonNegativeNumber);
  verb->add_flag("--dot", options->dot, "By dot product instead of cosine");
  verb->add_option("--threads", options->threads, "Threads to use; 0 (default) is as many as there are CPUs")
      ->check(CLI::NonNegativeNumber);
  verb->add_flag("--json", options->json, "As JSON");
  verb->footer(
      "EXAMPLES\n"
      "  windrow nearest words.safetensors paris\n"
      "  windrow nearest items.safetensors 1234 -k 50 --dot --json");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
