#pragma once

#include <string>

#include "table/table_file.h"

namespace windrow {

// Opens a Windrow file for writing, locks it against other writers, and reads its slot under the lock. The
// lock ends with the file.
//
// Never map this file: a mapping would keep the lock as long as it lives. Map what open_to_map() gives.
//
// Errors: kBusy         another writer holds it
//         kUnsupported  not a Windrow file, or one that another program has saved anew
//         kVersion      writing to it needs a feature that this version does not have
//         and those of open_table_file()
Result<TableFile> open_locked(io::FileSystem& system, const std::string& path);

// Whether a table may be written anew or changed: kUnsupported, kVersion as above.
Result<void> check_writable(const TableFile& table);

// The same file once more, to be mapped for writing.
Result<std::unique_ptr<io::File>> open_to_map(io::FileSystem& system, const TableFile& locked);

}  // namespace windrow
