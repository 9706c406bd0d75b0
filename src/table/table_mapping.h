#pragma once

#include <windrow/table.h>
#include <span>
#include <vector>

#include "io/file.h"
#include "table/data_file.h"
#include "table/table_data.h"

namespace windrow {

// A file to be mapped, and which of its bytes are the table's: a checkpoint may hold much else.
struct FileToMap {
  struct Bytes {
    uint64_t begin, end;
  };
  const DataFile* data = nullptr;
  bool quiet = true;  // nobody writes to it
  std::vector<Bytes> used;
};

struct MappedFiles {
  std::vector<io::Mapping> mappings;  // one for each file, in order
  Residency residency;                // what was asked for, or kLazy when that was the best for kAuto
  std::vector<TableOrigin::File> files;
};

// Maps the files of one table for reading, with their pages held as `options.residency` says, and read where
// that or `options.checked` demands it.
Result<MappedFiles> map_for_reading(std::span<const FileToMap> files, const OpenOptions& options);

}  // namespace windrow
