#pragma once

#include <windrow/row_format.h>
#include <cstdint>
#include <optional>

#include "format/meta_slot.h"
#include "table/data_file.h"

namespace windrow {

// Where in a file rows lie, and how they are stored.
struct StoredRows {
  uint64_t rows_begin = 0;  // first byte of row 0 in the file
  int64_t rows = 0;
  RowFormat format;
  std::optional<MetaSlot> slot;  // of a Windrow file: `_meta` is there and belongs to this header

  bool described = false;  // by the metadata of a Windrow file that another program has saved again

  bool is_windrow() const { return slot.has_value(); }
  // Values alone: scales have to be found, in a tensor of their own.
  bool wants_scales() const {
    if (is_windrow() || described) return false;
    return format.kind == RowFormat::Kind::kFp8E4m3 || format.kind == RowFormat::Kind::kFp8E5m2 ||
           format.kind == RowFormat::Kind::kI8;
  }
};

// Whether a tensor could be a table: rows and columns of a type that is known, or U8 when `row_format` says
// what that is.
bool is_table_shaped(const safetensors::Tensor& tensor, std::optional<RowFormat::Kind> row_format);

// The rows of `tensor`, or of an .npy file (`tensor` is null), as OpenOptions.row_format and dim say; scales
// apart are not looked for. The tensor `weight` of a Windrow file is what `_meta` says: that is read. Where
// another program has saved such a file again, its metadata say it, as long as they fit (FORMAT.md, section 9).
// Errors: kUnsupported, kInvalidArgument, kFormat, kMetaCorrupt, kVersion, kIo
Result<StoredRows> stored_rows(const DataFile& file, const safetensors::Tensor* tensor,
                               std::optional<RowFormat::Kind> row_format, int64_t dim = 0);

// Reads the present slot of `_meta`, which must be there.
Result<MetaSlot> read_slot(const DataFile& file);

}  // namespace windrow
