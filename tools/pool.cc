#include <windrow/lookup.h>

#include "base/fail.h"
#include "npy_file.h"
#include "output.h"
#include "request_files.h"
#include "verb.h"

namespace windrow::tools {

namespace {

struct PoolOptions {
  std::string path;
  RequestFiles files;
  std::string output;
};

Result<int> run(const PoolOptions& options) {
  const auto table = Table::open(options.path);
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
  const LookupOptions lookup{options.files.threads, options.files.padding_id};
  auto pooled = pool(*table, request->bags(), pooling_of(options.files.pooling), RowsOut(out, dim), lookup);
  if (!pooled) return pass(pooled);
  if (auto written = write_npy(options.output, out, bags, dim); !written) return pass(written);
  print_line(options.output, ": ", bags, " bags x ", dim, ", ", options.files.pooling, " of ",
             request->bags().ids.count, " ids");
  return 0;
}

}  // namespace

Verb pool_verb(CLI::App& command) {
  auto options = std::make_shared<PoolOptions>();
  CLI::App* verb = command.add_subcommand("pool", "Pool rows into one row per bag of ids (an embedding bag)");
  verb->add_option("TABLE", options->path, "A table")->required();
  add_request_options(*verb, options->files);
  verb->add_option("-o,--output", options->output, "The result, a float32 .npy of bags x dim")->required();
  verb->footer(
      "EXAMPLES\n"
      "  windrow pool items.safetensors --ids history.npy --mode mean -o users.npy\n"
      "  windrow pool items.safetensors --ids ids.npy --offsets offsets.npy --weights w.npy -o out.npy");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
