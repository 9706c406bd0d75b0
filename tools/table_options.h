#pragma once

#include <windrow/table.h>
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "formats/formats.h"

namespace windrow::tools {

// Which table a verb reads and how it is opened: what of a file or checkpoint is the table, and what its bytes
// are. A Windrow file needs nothing but its path.
struct TableOptions {
  std::string path;
  std::vector<std::string> more;  // further files
  std::string tensor;
  std::string stored_as;
  int64_t stored_dim = 0;
  std::string scale_tensor;
  int64_t scale_columns = 0;
  bool unscaled = false;
  std::string unclean;
  std::string residency = "auto";

  // Whether anything was said that only a table can be read by.
  bool given() const;
  // All files that were named.
  std::vector<std::string> files() const;
  TableSource to_source() const;
  OpenOptions to_open() const { return to_source().open; }
  Result<Table> open() const { return open_table(to_source()); }
};

// What of the file is the table. --residency is not among them.
void add_reading_options(CLI::App& verb, TableOptions& options);
void add_residency_option(CLI::App& verb, TableOptions& options);
// TABLE, and all the options.
void add_table_options(CLI::App& verb, TableOptions& options);

}  // namespace windrow::tools
