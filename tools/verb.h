#pragma once

#include <windrow/error.h>

#include <CLI/CLI.hpp>
#include <functional>

namespace windrow::tools {

// A verb of the command, in a file of its own: its options, and what runs when the user names it.
struct Verb {
  CLI::App* options;
  std::function<Result<int>()> run;  // the exit status, or why it failed
};

Verb create_verb(CLI::App& command);
Verb convert_verb(CLI::App& command);
Verb info_verb(CLI::App& command);
Verb inspect_verb(CLI::App& command);
Verb lookup_verb(CLI::App& command);
Verb pool_verb(CLI::App& command);
Verb gather_verb(CLI::App& command);
Verb embed_verb(CLI::App& command);
Verb step_verb(CLI::App& command);
Verb nearest_verb(CLI::App& command);
Verb verify_verb(CLI::App& command);
Verb recover_verb(CLI::App& command);
Verb add_state_verb(CLI::App& command);
Verb strip_verb(CLI::App& command);
Verb publish_verb(CLI::App& command);
Verb delta_verb(CLI::App& command);
Verb apply_verb(CLI::App& command);
Verb bench_verb(CLI::App& command);
Verb plot_verb(CLI::App& command);
Verb head_verb(CLI::App& command);
Verb diff_verb(CLI::App& command);
Verb completions_verb(CLI::App& command);
Verb man_verb(CLI::App& command);

// Arguments that fit together in a way that the parser cannot check are refused by throwing this from run():
// main() ends with status 2 and a hint, as for every other wrong use.
struct WrongUsage {
  std::string message;
};

}  // namespace windrow::tools
