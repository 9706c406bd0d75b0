#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <string>

#include "table/table_file.h"

namespace windrow {

// What was undone when a trainer had died with a table.
struct UndoReport {
  uint64_t rows = 0;  // that were put back
};

// Puts a locked table that is not clean back to its last checkpoint, by the journals beside it, marks it clean, in
// memory (table.slot) and on the disk, and removes the journals. It may be cut off anywhere: whoever comes next begins
// again.
// Errors: kUnclean          the trainer kept no journal, or one that outlives its process only, and the system has been
//                           started anew since: what the rows are is not known
//         kJournalMissing, kJournalMismatch, kJournalCorrupt  the journals are not those of this table's last trainer
//         kIo, kNoSpace
Result<UndoReport> undo_unfinished(io::FileSystem& system, TableFile& table);

// open_locked(), and then undo_unfinished() where a trainer died with the table.
Result<TableFile> open_clean(io::FileSystem& system, const std::string& path);

}  // namespace windrow
