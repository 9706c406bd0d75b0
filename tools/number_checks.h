#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>

namespace windrow::tools {

// Checks of the command line whose messages say what is wanted; those of CLI11 print the limits of the type.

CLI::Validator whole_number_from(int64_t least);
// A distance: finite or infinite, and not negative.
CLI::Validator number_from_zero();

}  // namespace windrow::tools
