#pragma once

#include <windrow/error.h>
#include <windrow/export.h>
#include <windrow/optimizer.h>
#include <windrow/table_writer.h>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace windrow {

// A 64 KiB block whose bytes do not match its checksum.
struct BadBlock {
  std::string tensor = {};
  uint64_t file_begin;  // byte range in the file
  uint64_t file_end;
  int64_t first_row;  // rows touched by the block, [first_row, last_row]; -1 for tensors that hold no rows
  int64_t last_row;
};

struct VerifyReport {
  uint64_t blocks_ok = 0;
  uint64_t blocks_not_computed = 0;
  std::vector<BadBlock> bad_blocks;
  // Where in the file there is a slot of `_meta` (FORMAT.md) that is damaged. The table is read by the other one.
  std::vector<uint64_t> bad_slots;
  bool mixed = false;                  // the table was once recovered with its rows mixed
  int64_t tokens = 0;                  // that were looked up
  // What is wrong with the vocabulary: tokens that the index does not find, or finds at another place, and numbers that
  // lead out of it. The first ten, and how many in all.
  std::vector<std::string> vocabulary_errors;
  uint64_t vocabulary_error_count = 0;
  int64_t nan_rows = 0;  // rows with a NaN, which is no damage
  int64_t first_nan_row = -1;
  int64_t infinite_rows = 0;  // rows with an infinite value
  int64_t first_infinite_row = -1;
  std::vector<std::string> leftovers;  // temporary files and journals of this table that a crash left beside it
};

// Reads a whole Windrow table: compares every block with its checksum, looks up every token, and counts rows with NaN
// or infinite values. Where a block does not match, tokens and rows are not looked at. Never changes anything.
// Errors: kUnsupported (not a Windrow file, or re-saved by another program), kUnclean, kMetaCorrupt (the newest slot of
// `_meta` is damaged, and the one before is that of a trainer at work), and those of Table::open. Blocks, slots and
// tokens that are wrong are no error: they are in the report.
[[nodiscard]] WINDROW_API Result<VerifyReport> verify(const std::string& path);

struct RecoverOptions {
  // Where rows cannot be put back, keep them as they are: a mix of before and after the last checkpoint. All checksums
  // are computed anew, and the table is marked "mixed" for good.
  bool accept_mixed = false;
};

struct RecoverReport {
  bool was_clean = false;       // nothing had to be done, nothing was written
  int64_t rows_restored = 0;    // that were put back to what they were at the last checkpoint
  bool accepted_mixed = false;  // the rows could not be put back, and are kept as they are
  bool mixed = false;           // the table is, or was before, marked mixed
};

// Puts a table that a trainer died with back to its last checkpoint, from the journals beside it, which are then
// removed: what Trainer::open() does as well. It may be cut off at any point and begun again.
// Errors: kUnclean  it cannot be undone: the trainer kept no journal (Durability::kNone), or one that outlives its
//                   process only (kProcess) and the system has been started anew since
//         kJournalMissing, kJournalMismatch, kJournalCorrupt   the journals are not there, are not of this table's last
//                   trainer, or are damaged
//         (of all these accept_mixed is the way out)
//         kBusy     a trainer still lives
//         kIo, kNoSpace, and those of Table::open
// On failure: the table stays unclean, and can be tried again.
[[nodiscard]] WINDROW_API Result<RecoverReport> recover(const std::string& path,
                                                        const RecoverOptions& options = {});

// How far a rewrite is, in bytes of the new file, now and then. Returning false stops it: kIo, and nothing has
// changed.
using RewriteProgress = std::function<bool(uint64_t done, uint64_t total)>;

struct AddStateOptions {
  // Fills the state with values from elsewhere, instead of its initial ones.
  StateValues values = {};
  // Steps that the optimiser has taken already (Adam's correction and Adagrad's lr_decay count them).
  int64_t step_count = 0;
  RewriteProgress progress = {};
};

// Adds an optimiser's state to a table that has none, by writing the whole file anew beside the old one and giving it
// its name: the old file stands until then, and open tables stay on it. Rows are copied within the file system where
// it can (copy_file_range, which shares blocks on file systems with reflinks). A table of an optimiser without state
// (Sgd) that is already that optimiser's is left as it is, unless a step_count is given.
//
// Errors: kInvalidArgument  the table has state: of this optimiser (nothing to do), or of another (strip() drops it);
//                           a hyper-parameter makes no sense; step_count is negative
//         kUnsupported      rows that cannot be trained; not a Windrow file
//         kBusy, kIo, kNoSpace, kNoMemory, those of recover(), which is done first where a trainer died with the table,
//         and those that `values` returns
// On failure: the table is unchanged, but for such a recovery, and nothing is left beside it.
[[nodiscard]] WINDROW_API Result<void> add_state(const std::string& path, const Optimizer& optimizer,
                                                 const AddStateOptions& options = {});

// Writes a copy of a table without its optimiser's state, step count and optimiser to `target`, which is replaced.
// Rows, tokens, metadata, tag and uuid stay, and where `target` is new the permissions. `target` may be `path` itself.
// Errors and on failure: as add_state(), but nothing is kInvalidArgument; a target that is a folder is kIo.
[[nodiscard]] WINDROW_API Result<void> strip(const std::string& path, const std::string& target,
                                             const RewriteProgress& progress = {});

// Copies a clean table to `target`, which appears whole or not at all, and replaces what was there: readers that have
// the old file open keep it, and who opens `target` from then on gets the new one. The copy is made within the file
// system where it can be: with reflinks (Btrfs, XFS) it takes no time and no room. It has the permissions of the table.
// To be served beside a trainer that goes on with `path`; lookups on a published file never meet a row that changes.
//
// Errors: kInvalidArgument  `target` is the table itself
//         kBusy             a trainer holds the file at `target`
//         kUnclean          a trainer is at work on the table, or died with it
//         kUnsupported      not a Windrow file
//         kIo, kNoSpace
// On failure: nothing has changed, and nothing is left beside `target`; but where the message says that the new file is in
// place, and may not survive a loss of power.
[[nodiscard]] WINDROW_API Result<void> publish(const std::string& path, const std::string& target,
                                               const RewriteProgress& progress = {});

}  // namespace windrow
