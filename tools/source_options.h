#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "conversion.h"
#include "table_options.h"

namespace windrow::tools {

// Where vectors are read from and what is done to them, as `convert` and `inspect` take it.
struct SourceOptions {
  TableOptions table;
  std::string from;
  bool lenient = false;
  bool words_only = false;
  bool restore_norms = false;
  std::string vocabulary;
  std::string token_column;
  std::string part;
  std::string shape;  // ROWSxDIM or DIM of a file without a header
  std::string type;   // of its values; empty: f32
  std::optional<uint64_t> offset_bytes;
  std::optional<uint64_t> limit;
  std::string columns;
  bool normalize = false;
  std::string duplicates;
  std::string bad_utf8 = "keep";

  // Throw WrongUsage for what does not go together.
  Source to_source() const;
  void fill(ConversionOptions& options) const;
  // The format that --from names, or the one that is found from the content.
  Result<const Format*> format() const;
};

void add_source_options(CLI::App& verb, SourceOptions& options);

// "name      what it is", a line for each format.
std::string formats_for_help();
std::vector<std::string> names_of_formats(bool written);

}  // namespace windrow::tools
