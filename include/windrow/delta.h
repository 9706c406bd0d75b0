#pragma once

#include <windrow/checkpoint.h>
#include <windrow/error.h>
#include <windrow/export.h>
#include <windrow/maintenance.h>
#include <cstdint>
#include <span>
#include <string>

namespace windrow {

// Deltas: the rows in which two states of a table differ, as a safetensors file (FORMAT.md, "Deltas"). Copies of a
// table follow a trainer by them: each checkpoint can write one (CheckpointOptions::delta_path), two tables give one,
// and deltas that follow each other are merged into one.
//
// A delta leads from one content of rows and state to another. Contents have random numbers, which checkpoints draw and
// copies keep, so that a delta is never applied to a table that it is not for.

struct DeltaOptions {
  // The optimiser's state of the rows as well. A table with state takes only deltas that have it.
  bool state = false;
  // The tokens of the rows, for those who look into the file. Where it is applied they must be those of the table.
  bool tokens = false;
};

struct DeltaReport {
  int64_t rows = 0;    // that it has
  uint64_t bytes = 0;  // of the file
};

// Writes a delta of the rows whose bytes differ between two tables: it turns `old_path` into `new_path`. Both are clean
// Windrow tables with as many rows, of one format, and with `options.state` of one optimiser. Reads both once.
//
// Errors: kInvalidArgument  the tables do not fit together; `delta_path` is one of them
//         kUnsupported      not a Windrow file; a table whose content has no number, as Windrow has written it before
//                           it had deltas (a checkpoint gives it one); tokens of a table whose tokens share rows
//         kUnclean          a trainer is at work on one of them, or died with it
//         kNotFound, kIo, kNoSpace, kNoMemory
// On failure: nothing stands at `delta_path` that was not there before.
[[nodiscard]] WINDROW_API Result<DeltaReport> write_delta(const std::string& old_path,
                                                          const std::string& new_path,
                                                          const std::string& delta_path,
                                                          const DeltaOptions& options = {},
                                                          const RewriteProgress& progress = {});

// Writes one delta that does what `paths` do one after the other. Of a row that several have the last counts.
//
// Errors: kInvalidArgument  no paths; deltas of different formats, or of which some have state, or tokens, and
//                           others not
//         kWrongBase        one does not begin where the one before it ends
//         kFormat, kVersion not a delta, or a damaged one: all are checked before anything is written
//         kNotFound, kIo, kNoSpace, kNoMemory
// On failure: nothing stands at `target` that was not there before.
[[nodiscard]] WINDROW_API Result<DeltaReport> merge_deltas(std::span<const std::string> paths,
                                                           const std::string& target);

// What a delta says of itself.
struct DeltaInfo {
  int64_t rows = 0;        // that it has
  int64_t table_rows = 0;  // of the table
  int64_t dim = 0;
  uint64_t base_content = 0;    // that it is applied to
  uint64_t target_content = 0;  // that it leads to
  uint64_t base_generation = 0;
  Checkpoint target;  // generation, tag and steps there
  bool has_state = false;
  bool has_tokens = false;
};

// Errors: kFormat, kVersion as merge_deltas(), but without a look at the rows; kNotFound, kIo
[[nodiscard]] WINDROW_API Result<DeltaInfo> read_delta_info(const std::string& path);

struct ApplyOptions {
  // Where the changed table goes: a copy that appears whole, as by publish(), so that lookups on what stood there never
  // meet a row that changes. Empty: the table is changed in place.
  std::string target = {};
  RewriteProgress progress = {};  // of the copy
};

struct ApplyReport {
  int64_t rows = 0;              // that were written
  bool was_applied = false;      // the table has the delta's target content already: nothing was written
  Checkpoint checkpoint = {};    // what the table is now
};

// Applies a delta to a table. In place it is safe against crashes at any point, a loss of power included, by the
// journals of trainers: the table is as it was before, or as it is to be. It may be applied again, which does nothing,
// but that one of a checkpoint without changes, which leads from a content to itself, sets the tag again. A table that
// has no optimiser's state takes the rows of a delta with state and leaves the state.
//
// Errors: kWrongBase        the table has neither the content that the delta begins with nor the one that it leads to;
//                           a token of it is another in the table
//         kInvalidArgument  the table has state and the delta has none; rows of another number or format
//         kFormat, kVersion not a delta, or a damaged one: all of it is checked before anything is written
//         kBusy             a trainer holds the table, or the target
//         kUnclean and those of recover(), which is done first where a trainer died with the table (not to copy it)
//         kUnsupported      not a Windrow file
//         kNotFound, kIo, kNoSpace, kNoMemory
// On failure: the table is what it was. Where it cannot be put back at once, the next open does it. Only where the last
// write of all failed, that of the slot, the next open finds either; applying the delta again settles it.
[[nodiscard]] WINDROW_API Result<ApplyReport> apply_delta(const std::string& table_path,
                                                          const std::string& delta_path,
                                                          const ApplyOptions& options = {});

}  // namespace windrow
