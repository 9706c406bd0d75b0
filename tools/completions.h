#pragma once

#include <string>

#include "cli_definition.h"

namespace windrow::tools {

// Scripts that let a shell complete verbs, options and the values of options that have a few. Everything else is
// completed as the name of a file, but for numbers, which are not completed at all.

std::string bash_completion(const CliDefinition& definition);
std::string zsh_completion(const CliDefinition& definition);
std::string fish_completion(const CliDefinition& definition);

}  // namespace windrow::tools
