#pragma once

#include <windrow/table.h>

#include "io/file.h"

namespace windrow {

// Maps a table's file for reading, with its pages held as `options.residency` says. `quiet`: nobody writes to
// it.
Result<io::Mapping> map_for_reading(const io::File& file, const OpenOptions& options, bool quiet);

}  // namespace windrow
