#include <windrow/maintenance.h>

#include "output.h"
#include "rewrite_progress.h"
#include "target_file.h"
#include "verb.h"

namespace windrow::tools {

namespace {

struct PublishOptions {
  std::string path;
  std::string target;
};

Result<int> run(const PublishOptions& options) {
  if (auto target = check_target(options.target); !target) return pass(target);
  const RewriteWatch watch("copying", options.target);
  auto published = watch.explain(publish(options.path, options.target, watch.progress()));
  if (!published) return pass(published);
  print_line(options.target, ": ", options.path, " as it is now");
  return 0;
}

}  // namespace

Verb publish_verb(CLI::App& command) {
  auto options = std::make_shared<PublishOptions>();
  CLI::App* verb =
      command.add_subcommand("publish", "Put a copy of a table in the place of one that is served");
  verb->add_option("TABLE", options->path, "A Windrow table that no trainer is working on")->required();
  verb->add_option("TARGET", options->target, "The file that readers open, which is replaced as a whole")
      ->required();
  verb->footer(
      "Readers keep the old file until they open TARGET again. On file systems with reflinks (Btrfs, XFS)\n"
      "the copy takes no time and no room.\n\n"
      "EXAMPLES\n"
      "  windrow publish training/users.safetensors serving/users.safetensors");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
