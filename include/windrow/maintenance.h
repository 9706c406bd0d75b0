#pragma once

#include <windrow/error.h>
#include <windrow/export.h>
#include <cstdint>
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
  bool mixed = false;                  // the table was once recovered with its rows mixed
  std::vector<std::string> leftovers;  // temporary files of this table that a crash left beside it
};

// Reads a whole Windrow table and compares every block with its checksum. Never changes anything.
// Errors: kUnsupported (not a Windrow file, or re-saved by another program), kUnclean, and those of
// Table::open. Blocks that do not match are no error: they are in the report.
[[nodiscard]] WINDROW_API Result<VerifyReport> verify(const std::string& path);

struct RecoverOptions {
  // Keep the rows of a trainer that died as they are: a mix of before and after its last close. All checksums
  // are computed anew, and the table is marked "mixed" for good.
  bool accept_mixed = false;
};

struct RecoverReport {
  bool was_clean = false;  // nothing had to be done, nothing was written
  bool mixed = false;      // the table is, or was before, marked mixed
};

// Makes a table that a trainer died with usable again.
// Errors: kUnclean  it cannot be undone (there is no journal), and accept_mixed was not given
//         kBusy     a trainer still lives
//         and those of Table::open
[[nodiscard]] WINDROW_API Result<RecoverReport> recover(const std::string& path,
                                                        const RecoverOptions& options = {});

}  // namespace windrow
