#pragma once

#include <string>

#include "table/table_file.h"

namespace windrow {

// Opens a clean Windrow table to be copied. It is read by whoever can read it, and not locked: a trainer may begin at
// any time, and check_quiet() finds out afterwards.
//
// Errors: kUnclean      a trainer is at work, or died
//         kUnsupported  not a Windrow file, or one that another program has saved anew
//         and those of open_table_file()
Result<TableFile> open_quiet(io::FileSystem& system, const std::string& path);

// Whether the table is still what it was when it was opened. What a trainer did meanwhile would be in the copy, in
// part.
Result<void> check_quiet(const TableFile& table);

}  // namespace windrow
