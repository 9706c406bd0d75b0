#include <windrow/delta.h>

#include "format/text.h"
#include "output.h"
#include "rewrite_progress.h"
#include "target_file.h"
#include "verb.h"

namespace windrow::tools {

namespace {

struct ApplyVerbOptions {
  std::string path;
  std::string delta;
  std::string target;
};

Result<ApplyReport> apply_to_copy(const ApplyVerbOptions& options) {
  const RewriteWatch watch("copying", options.target);
  return watch.explain(apply_delta(options.path, options.delta, {options.target, watch.progress()}));
}

Result<int> run(const ApplyVerbOptions& options) {
  if (!options.target.empty()) {
    const std::string sources[] = {options.delta};
    if (auto target = check_target(options.target, sources); !target) return pass(target);
  }
  const auto applied =
      options.target.empty() ? apply_delta(options.path, options.delta) : apply_to_copy(options);
  if (!applied) return tl::make_unexpected(applied.error());
  const std::string& changed = options.target.empty() ? options.path : options.target;
  const std::string tag =
      applied->checkpoint.tag.empty() ? "" : concat(", tag ", in_quotes(applied->checkpoint.tag));
  if (applied->was_applied)
    print_line(changed, ": ", options.delta, " was applied before, no row was written", tag);
  else
    print_line(changed, ": ", applied->rows, " rows written", tag);
  return 0;
}

}  // namespace

Verb apply_verb(CLI::App& command) {
  auto options = std::make_shared<ApplyVerbOptions>();
  CLI::App* verb =
      command.add_subcommand("apply", "Bring a copy of a table to a later state by a delta (see delta)");
  verb->add_option("TABLE", options->path, "A Windrow table")->required();
  verb->add_option("DELTA", options->delta, "What has changed")->required();
  verb->add_option("-o,--output", options->target,
                   "Write the changed table here, replacing what stands there as a whole, and leave TABLE")
      ->type_name("FILE");
  verb->footer(
      "In place the table is changed row by row; a crash, or a loss of power, leaves it as it was before or "
      "as\n"
      "it is to be. With -o readers of FILE keep the old file until they open it again, as with publish.\n"
      "A delta that was applied before is no error, one for another state of the table is.\n\n"
      "EXAMPLES\n"
      "  windrow apply replica.safetensors monday.delta\n"
      "  windrow apply replica.safetensors monday.delta -o serving/users.safetensors");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
