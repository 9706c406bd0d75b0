#pragma once

#include <windrow/maintenance.h>
#include <string>

#include "io/atomic_file.h"
#include "table/table_file.h"

namespace windrow {

// Copies a table that open_quiet() opened to what is to become the file at `target`, with all its bytes, within the
// file system where it can be. Has the permissions of the table where there is no such file. Refuses a target that a
// trainer holds, before; the caller does so again before the file gets its name.
// Errors: kBusy, kUnclean (a trainer has begun with the table meanwhile), kIo, kNoSpace
Result<io::AtomicFile> copy_table(io::FileSystem& system, const TableFile& table, const std::string& target,
                                  const RewriteProgress& progress);

}  // namespace windrow
