#include <windrow/maintenance.h>

#include "output.h"
#include "rewrite_progress.h"
#include "target_file.h"
#include "verb.h"

namespace windrow::tools {

namespace {

struct StripOptions {
  std::string path;
  std::string target;
};

Result<int> run(const StripOptions& options) {
  if (auto target = check_target(options.target); !target) return pass(target);
  const RewriteWatch watch("copying", options.target);
  auto stripped = watch.explain(strip(options.path, options.target, watch.progress()));
  if (!stripped) return pass(stripped);
  print_line(options.target, ": the rows and tokens of ", options.path, ", without an optimiser");
  return 0;
}

}  // namespace

Verb strip_verb(CLI::App& command) {
  auto options = std::make_shared<StripOptions>();
  CLI::App* verb = command.add_subcommand("strip", "Copy a table without its optimiser's state");
  verb->add_option("TABLE", options->path, "A Windrow table")->required();
  verb->add_option("OUT", options->target, "The file to write, which is replaced; may be TABLE itself")
      ->required();
  verb->footer(
      "Rows, tokens, metadata, tag and uuid stay; state, step count and optimiser go.\n\n"
      "EXAMPLES\n"
      "  windrow strip users.safetensors to-serve.safetensors\n"
      "  windrow strip users.safetensors users.safetensors");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
