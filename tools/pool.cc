#include <windrow/lookup.h>

#include "base/fail.h"
#include "npy_file.h"
#include "output.h"
#include "request_files.h"
#include "table_options.h"
#include "verb.h"

namespace windrow::tools {

namespace {

struct PoolOptions {
  TableOptions table;
  RequestFiles files;
  std::string output;
  bool skip_bad_ids = false;
};

Result<int> run(const PoolOptions& options) {
  const auto table = options.table.open();
  if (!table) return tl::make_unexpected(table.error());
  const auto request = load_request(options.files);
  if (!request) return tl::make_unexpected(request.error());
  if (!request->has_bags) {
    throw WrongUsage{options.files.ids +
                     " is 1-D: say where bags end with --offsets or --lengths, or give 2-D ids"};
  }
  const auto dim = static_cast<size_t>(table->dim());
  const size_t bags = request->bag_count();
  std::vector<float> out(bags * dim);
  const LookupOptions lookup{options.files.threads, options.files.padding_id,
                             policy_of(options.skip_bad_ids)};
  auto pooled = pool(*table, request->bags(), pooling_of(options.files.pooling), RowsOut(out, dim), lookup);
  if (!pooled) return pass(pooled);
  if (auto written = write_npy(options.output, out, bags, dim); !written) return pass(written);
  print_line(options.output, ": ", bags, " bags x ", dim, ", ", options.files.pooling, " of ",
             request->bags().ids.count, " ids", skipped_text(*pooled));
  return 0;
}

}  // namespace

Verb pool_verb(CLI::App& command) {
  auto options = std::make_shared<PoolOptions>();
  CLI::App* verb = command.add_subcommand("pool", "Pool rows into one row per bag of ids (an embedding bag)");
  add_table_options(*verb, options->table);
  add_request_options(*verb, options->files);
  add_skip_option(*verb, options->skip_bad_ids);
  verb->add_option("-o,--output", options->output, "The result, a float32 .npy of bags x dim")->required();
  verb->footer(
      "EXAMPLES\n"
      "  windrow pool items.safetensors --ids history.npy --mode mean -o users.npy\n"
      "  windrow pool items.safetensors --ids ids.npy --offsets offsets.npy --weights w.npy -o out.npy");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
