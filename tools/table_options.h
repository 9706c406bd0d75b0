#pragma once

#include <windrow/table.h>
#include <CLI/CLI.hpp>
#include <string>

namespace windrow::tools {

// Which table a verb reads and how it is opened: what of a file or checkpoint is the table, and what its bytes
// are. A Windrow file needs nothing but its path.
struct TableOptions {
  std::string path;
  std::string tensor;
  std::string row_format;
  std::string scale_tensor;
  bool unscaled = false;
  std::string residency = "auto";

  OpenOptions to_open() const;
  Result<Table> open() const { return Table::open(path, to_open()); }
};

// TABLE, and the options.
void add_table_options(CLI::App& verb, TableOptions& options);

}  // namespace windrow::tools
