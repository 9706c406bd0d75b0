#include "completions.h"

#include <memory>

#include "output.h"
#include "verb.h"

namespace windrow::tools {

// Hidden: it is run by the build and by packagers.
Verb completions_verb(CLI::App& command) {
  auto shell = std::make_shared<std::string>();
  CLI::App* verb =
      command.add_subcommand("completions", "Print what lets a shell complete this command's words");
  verb->group("");
  verb->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  verb->footer(
      "`meson install` puts these where the shells look for them.\n\n"
      "EXAMPLES\n"
      "  source <(windrow completions bash)\n"
      "  windrow completions zsh > ~/.zsh/completions/_windrow\n"
      "  windrow completions fish > ~/.config/fish/completions/windrow.fish");
  return {verb, [&command, shell]() -> Result<int> {
            const CliDefinition definition = define(command);
            print(*shell == "bash"  ? bash_completion(definition)
                  : *shell == "zsh" ? zsh_completion(definition)
                                    : fish_completion(definition));
            return 0;
          }};
}

}  // namespace windrow::tools
