#pragma once

#include <windrow/error.h>
#include <optional>

#include "format/meta_slot.h"
#include "formats/table_reader.h"
#include "table/data_file.h"

namespace windrow::tools {

// What the file of a table says beyond its rows.
struct TableAbout {
  DataFile data;
  std::optional<MetaSlot> slot;  // of a Windrow table

  const char* kind() const {
    return slot ? "windrow" : data.array ? "npy" : data.is_gguf ? "gguf" : "safetensors";
  }
};

// Nothing for a table in several files, or for a checkpoint: that is a folder, or an index.
Result<std::optional<TableAbout>> about_table(const TableSource& source);

}  // namespace windrow::tools
