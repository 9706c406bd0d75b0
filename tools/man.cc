#include <windrow/version.h>

#include <memory>

#include "base/fail.h"
#include "format/text.h"
#include "man_page.h"
#include "output.h"
#include "verb.h"

namespace windrow::tools {

// Hidden: it is run by the build and by packagers.
Verb man_verb(CLI::App& command) {
  auto wanted = std::make_shared<std::string>();
  CLI::App* verb = command.add_subcommand("man", "Print a manual page, for man(1)");
  verb->group("");
  verb->add_option("VERB", *wanted, "The verb to describe; without it, the command");
  verb->footer(
      "`meson install` puts these where man(1) looks for them.\n\n"
      "EXAMPLES\n"
      "  windrow man | man -l -\n"
      "  windrow man convert | man -l -");
  return {verb, [&command, wanted]() -> Result<int> {
            const CliDefinition definition = define(command);
            if (wanted->empty()) {
              print(man_page(definition, version()));
              return 0;
            }
            const CliVerb* described = definition.find(*wanted);
            if (!described) throw WrongUsage{concat("unknown verb ", in_quotes(*wanted))};
            print(man_page(definition, *described, version()));
            return 0;
          }};
}

}  // namespace windrow::tools
