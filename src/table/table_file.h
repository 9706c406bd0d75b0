#pragma once

#include <memory>
#include <optional>
#include <string>

#include "format/meta_slot.h"
#include "format/safetensors.h"
#include "io/file.h"
#include "windrow/row_format.h"

namespace windrow {

// An open file that holds a table: where its rows lie, and for a Windrow file the rest of its header. Nothing
// but headers and `_meta` has been read.
struct TableFile {
  std::unique_ptr<io::File> file;
  uint64_t file_bytes = 0;
  uint64_t rows_begin = 0;  // first byte of row 0 in the file
  int64_t rows = 0;
  RowFormat format;
  safetensors::Header header;    // empty for npy
  std::optional<MetaSlot> slot;  // set for a Windrow file: `_meta` is there and belongs to this header

  bool is_windrow() const { return slot.has_value(); }
  const std::string& path() const { return file->path(); }
};

// Opens `path` (symbolic links resolved) and finds its table; `tensor` as OpenOptions.tensor. Errors as
// Table::open, without kUnclean: the caller decides what the slot means.
Result<TableFile> open_table_file(io::FileSystem& system, const std::string& path, io::Access access,
                                  const std::string& tensor);

// Reads `_meta` again, for what may have changed since the file was opened.
Result<MetaSlot> read_slot(const TableFile& file);

// Writes `slot` to its place, durable on return. Its generation decides the place.
Result<void> write_slot(TableFile& file, const MetaSlot& slot);

}  // namespace windrow
