#include <windrow/table.h>

#include "base/fail.h"
#include "format/text.h"
#include "formats/numbers.h"
#include "io/file.h"
#include "optimizer_options.h"
#include "output.h"
#include "row_format_options.h"
#include "target_file.h"
#include "units.h"
#include "verb.h"

namespace windrow::tools {

namespace {

struct CreateOptions {
  std::string path;
  int64_t rows = 0;
  int64_t dim = 0;
  std::string init = "xavier_uniform";
  uint64_t seed = 0;
  RowFormatOptions row_format;
  OptimizerOptions optimizer;
  bool force = false;
};

// "uniform:0.1": the kind, and the number that it needs or not.
Init parse_init(const std::string& text) {
  const size_t colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  Init init;
  bool needs_number = true;
  if (kind == "xavier_uniform" || kind == "zeros") {
    init.kind = kind == "zeros" ? Init::Kind::kZeros : Init::Kind::kXavierUniform;
    needs_number = false;
  } else if (kind == "uniform") {
    init.kind = Init::Kind::kUniform;
  } else if (kind == "normal") {
    init.kind = Init::Kind::kNormal;
  } else if (kind == "constant") {
    init.kind = Init::Kind::kConstant;
  } else {
    throw WrongUsage{concat("--init ", in_quotes(text),
                            ": there are xavier_uniform, uniform:A, normal:S, constant:C and zeros")};
  }
  if (needs_number != (colon != std::string::npos)) {
    throw WrongUsage{concat("--init ", in_quotes(text),
                            needs_number ? ": needs a number, such as " : ": takes no number",
                            needs_number ? kind + ":0.1" : "")};
  }
  if (needs_number) {
    const auto value = parse_float(std::string_view(text).substr(colon + 1));
    if (!value) throw WrongUsage{concat("--init ", in_quotes(text), ": what follows the colon is no number")};
    init.value = *value;
  }
  return init;
}

Result<int> run(const CreateOptions& options) {
  const RowFormatChoice row_format = options.row_format.chosen();
  TableSpec spec;
  spec.rows = options.rows;
  spec.init = parse_init(options.init);
  spec.seed = options.seed;
  spec.optimizer = options.optimizer.chosen();
  check_trainable(row_format, spec.optimizer.has_value());
  if (options.dim < 1 || options.dim > INT32_MAX) {
    return fail(ErrorCode::kInvalidArgument, "--dim ", options.dim, ": must be from 1 to 2147483647");
  }
  if (const auto fits = row_format.check(options.dim); !fits) throw WrongUsage{fits.error().message};
  spec.format = row_format.of(options.dim);
  if (auto target = check_target(options.path); !target) return pass(target);
  const auto exists = io::posix().exists(options.path);
  if (!exists) return tl::make_unexpected(exists.error());
  if (*exists && !options.force) {
    return fail(ErrorCode::kInvalidArgument, options.path,
                ": there is such a file already; --force replaces it");
  }
  const auto table = Table::create(options.path, spec);
  if (!table) return tl::make_unexpected(table.error());
  print_line(options.path, ": ", table->rows(), " rows x ", table->dim(), ", ",
             row_format_text(table->format()), ", ", human_bytes(table->residency().mapped_bytes));
  return 0;
}

}  // namespace

Verb create_verb(CLI::App& command) {
  auto options = std::make_shared<CreateOptions>();
  CLI::App* verb = command.add_subcommand("create", "Write a new table with random or constant values");
  verb->add_option("TABLE", options->path, "The file to create")->required();
  verb->add_option("--rows", options->rows, "Number of rows")->required();
  verb->add_option("--dim", options->dim, "Values in a row")->required();
  verb->add_option(
      "--init", options->init,
      "xavier_uniform (default), uniform:A (in [-A, A)), normal:S (standard deviation S), constant:C, zeros");
  verb->add_option("--seed", options->seed, "The same seed gives the same bytes on every machine (0)");
  add_row_format_options(*verb, options->row_format);
  add_optimizer_options(*verb, options->optimizer,
                        "Reserve this optimiser's state, so that the table can be trained");
  verb->add_flag("--force", options->force, "Replace a file that is there");
  verb->footer(
      "EXAMPLES\n"
      "  windrow create users.safetensors --rows 1000000 --dim 64 --optimizer adagrad\n"
      "  windrow create items.safetensors --rows 5000 --dim 32 --init normal:0.01 --seed 7\n"
      "  windrow create small.safetensors --rows 5000 --dim 32 --row-format int8");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
