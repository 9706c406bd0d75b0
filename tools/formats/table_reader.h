#pragma once

#include <windrow/error.h>
#include <windrow/table.h>
#include <memory>
#include <string>
#include <vector>

#include "formats/reader.h"

namespace windrow::tools {

// Where a table is to be found, and how it is read.
struct TableSource {
  std::string path;               // a file, an index or a folder
  std::vector<std::string> more;  // files whose rows follow, or that hold further pieces
  OpenOptions open;
  bool keeps_state = false;  // the state is taken along: no remark that it was left behind
};

struct Source;

Result<Table> open_table(const TableSource& source);

// The rows of a table in order, as floats, with their tokens.
std::unique_ptr<RowReader> read_table(Table table, std::vector<std::string> remarks = {});

// The same, with remarks on what of a Windrow file no reader of rows sees: state, steps, tag and metadata.
Result<std::unique_ptr<RowReader>> open_table_reader(const Source& source);

}  // namespace windrow::tools
