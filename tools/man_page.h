#pragma once

#include <string>

#include "cli_definition.h"

namespace windrow::tools {

// Manual pages in roff, for man(7)'s macros: of the command, and of one of its verbs.
std::string man_page(const CliDefinition& definition, const std::string& version);
std::string man_page(const CliDefinition& definition, const CliVerb& verb, const std::string& version);

}  // namespace windrow::tools
