#include <windrow/lookup.h>

#include "base/fail.h"
#include "float_json.h"
#include "formats/numbers.h"
#include "npy_file.h"
#include "output.h"
#include "request_files.h"
#include "rows_named.h"
#include "table_options.h"
#include "verb.h"

namespace windrow::tools {

namespace {

struct LookupVerbOptions {
  TableOptions table;
  RowNames names;
  std::string pool;
  std::string format = "text";
  std::string output;
};

struct Answer {
  std::vector<NamedRow>
      names;  // one per row of values; one named "sum", "mean" or "max" when they were pooled
  std::vector<float> values;
};

Result<Answer> look_up(const Table& table, const LookupVerbOptions& options) {
  auto rows = find_rows(table, options.names, false);
  if (!rows) return pass(rows);
  const auto dim = static_cast<size_t>(table.dim());
  std::vector<int64_t> ids;
  for (const NamedRow& row : *rows) ids.push_back(row.id);
  Answer answer;
  Result<LookupReport> done;
  if (options.pool.empty()) {
    answer.values.resize(ids.size() * dim);
    done = gather(table, std::span<const int64_t>(ids), RowsOut(answer.values, dim));
    answer.names = std::move(*rows);
  } else {
    answer.values.resize(dim);
    const int64_t lengths[] = {static_cast<int64_t>(ids.size())};
    Bags bags;
    bags.ids = Ids(std::span<const int64_t>(ids));
    bags.lengths = Ids(std::span<const int64_t>(lengths));
    done = pool(table, bags, pooling_of(options.pool), RowsOut(answer.values, dim));
    answer.names = {{-1, options.pool}};
  }
  if (!done) return pass(done);
  return answer;
}

void print_text(const Answer& answer, size_t dim) {
  for (size_t i = 0; i < answer.names.size() && !output_is_closed(); ++i) {
    std::string line = answer.names[i].name;
    for (size_t c = 0; c < dim; ++c) {
      line += ' ';
      append_float(line, answer.values[i * dim + c]);
    }
    print_line(line);
  }
}

void print_json(const Answer& answer, size_t dim, bool pooled) {
  FloatJson json = FloatJson::array();
  for (size_t i = 0; i < answer.names.size(); ++i) {
    const NamedRow& row = answer.names[i];
    FloatJson entry;
    if (pooled) {
      entry["pool"] = row.name;
    } else {
      entry["id"] = row.id;
      entry["name"] = row.name;
    }
    entry["values"] = std::vector<float>(answer.values.begin() + static_cast<ptrdiff_t>(i * dim),
                                         answer.values.begin() + static_cast<ptrdiff_t>((i + 1) * dim));
    json.push_back(std::move(entry));
  }
  print_line(json.dump(-1, ' ', false, FloatJson::error_handler_t::replace));
}

Result<int> run(const LookupVerbOptions& options) {
  if (!options.output.empty() && options.format != "npy") throw WrongUsage{"-o needs --format npy"};
  if (options.format == "npy" && options.output.empty() && output_is_terminal()) {
    throw WrongUsage{"--format npy is binary: name a file with -o, or redirect standard output"};
  }
  const auto table = options.table.open();
  if (!table) return tl::make_unexpected(table.error());
  const auto answer = look_up(*table, options);
  if (!answer) return tl::make_unexpected(answer.error());
  const auto dim = static_cast<size_t>(table->dim());
  if (options.format == "text") {
    print_text(*answer, dim);
  } else if (options.format == "json") {
    print_json(*answer, dim, !options.pool.empty());
  } else if (options.output.empty()) {
    print_npy(answer->values, answer->names.size(), dim);
  } else if (auto written = write_npy(options.output, answer->values, answer->names.size(), dim); !written) {
    return pass(written);
  }
  return 0;
}

}  // namespace

Verb lookup_verb(CLI::App& command) {
  auto options = std::make_shared<LookupVerbOptions>();
  CLI::App* verb = command.add_subcommand("lookup", "Print rows, by id or by token");
  add_table_options(*verb, options->table);
  verb->add_option("ID", options->names.bare, "Row numbers, from 0");
  verb->add_option("--id", options->names.ids, "Row numbers, from 0");
  verb->add_option("--token", options->names.tokens, "Tokens of the table's vocabulary");
  verb->add_option("--pool", options->pool, "Print one row, pooled from all: sum, mean or max")
      ->check(CLI::IsMember({"sum", "mean", "max"}));
  verb->add_option(
          "--format", options->format,
          "text (default: a line per row, name then values), json (NaN and infinities are null), npy")
      ->check(CLI::IsMember({"text", "json", "npy"}));
  verb->add_option("-o,--output", options->output, "The file for --format npy");
  verb->footer(
      "EXAMPLES\n"
      "  windrow lookup users.safetensors 0 17 42\n"
      "  windrow lookup words.safetensors --token paris london --pool mean\n"
      "  windrow lookup users.safetensors 0 17 --format npy -o rows.npy");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
