#pragma once

#include <windrow/table.h>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "table/checkpoint_files.h"
#include "table/scales.h"
#include "table/stored_rows.h"

namespace windrow {

// Of what a table consists, before anything of it is mapped: only headers have been read.
struct TablePlan {
  struct Scales {
    const DataFile* file;
    uint64_t begin, end;  // bytes of the file
    ScaleLayout layout;
  };
  struct Piece {
    const DataFile* file;
    uint64_t rows_bytes;  // of the file, from rows.rows_begin on
    StoredRows rows;
    std::optional<Scales> scales;
  };

  RowFormat format;  // of every piece
  std::vector<Piece> pieces;
  std::deque<CheckpointFiles> checkpoints;  // hold the files
};

// Finds the pieces of the table that `paths` hold, each path's own table in turn, or those whose names fit a
// pattern in options.tensor, with their scales. Errors as Table::open.
Result<TablePlan> plan_table(io::FileSystem& system, std::span<const std::string> paths,
                             const OpenOptions& options);

}  // namespace windrow
