#pragma once

#include <windrow/trainer.h>
#include <cstdint>

#include "train/journal.h"
#include "train/rollback_log.h"

namespace windrow {

// A writer's life with a table, from its first change on: what has to be on the disk before any row changes.
struct Incarnation {
  uint64_t number = 0;  // random
  Durability durability = Durability::kNone;
  uint64_t epoch = 0;  // the first
  uint32_t image_bytes = 0;
  JournalSizes sizes;
};

// First: the journals beside a locked table, where its durability wants any. kBusy when the file has lost its name, by
// which the journals go. After an error they are gone.
Result<RollbackLog> make_journals(io::FileSystem& system, const TableFile& table, const Incarnation& life);

// Then: marks the table unclean. After an error it is not known what the disk holds.
Result<void> mark_unclean(io::FileSystem& system, TableFile& table, const Incarnation& life,
                          uint32_t optimizer_id);

}  // namespace windrow
