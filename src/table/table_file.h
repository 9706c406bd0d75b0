#pragma once

#include <string>

#include "format/meta_slot.h"
#include "table/data_file.h"
#include "table/stored_rows.h"

namespace windrow {

// An open file that holds a table: where its rows lie, and for a Windrow file the rest of its header. Nothing
// but headers and `_meta` has been read.
struct TableFile : DataFile, StoredRows {};

// Opens `path` (symbolic links resolved) and finds its table; `tensor` as OpenOptions.tensor, without numbers.
// Scales in a tensor of their own are not looked for. Errors as Table::open, without kUnclean: the caller
// decides what the slot means.
Result<TableFile> open_table_file(io::FileSystem& system, const std::string& path, io::Access access,
                                  const std::string& tensor);

// A number for the slot of rows that have changed (MetaSlot::content).
uint64_t draw_content(io::FileSystem& system);

// Writes `slot` to its place, durable on return. Its generation decides the place.
Result<void> write_slot(TableFile& file, const MetaSlot& slot);

}  // namespace windrow
