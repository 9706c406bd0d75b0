#include <windrow/maintenance.h>

#include "base/fail.h"
#include "output.h"
#include "verb.h"

namespace windrow::tools {

namespace {

struct RecoverVerbOptions {
  std::string path;
  RecoverOptions recover;
};

Result<int> run(const RecoverVerbOptions& options) {
  const auto report = recover(options.path, options.recover);
  if (!report) return tl::make_unexpected(report.error());
  print_line(options.path,
             report->was_clean        ? ": is clean, nothing was done"
             : report->accepted_mixed ? ": its rows are kept as they are, and it is clean again"
                                      : concat(": put back to its last checkpoint (", report->rows_restored,
                                               " rows), and clean again"),
             report->mixed ? "; it is marked mixed: some rows are from before, some from after a step" : "");
  return 0;
}

}  // namespace

Verb recover_verb(CLI::App& command) {
  auto options = std::make_shared<RecoverVerbOptions>();
  CLI::App* verb =
      command.add_subcommand("recover", "Put a table that a trainer died with back to its last checkpoint");
  verb->add_option("TABLE", options->path, "A Windrow table")->required();
  verb->add_flag("--accept-mixed", options->recover.accept_mixed,
                 "Where there is no journal to go back by: keep the rows as they are, a mix of before and "
                 "after, and mark the "
                 "table so for good");
  verb->footer(
      "EXAMPLES\n"
      "  windrow recover users.safetensors\n"
      "  windrow recover users.safetensors --accept-mixed");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
