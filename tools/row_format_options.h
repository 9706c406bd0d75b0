#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "row_format_choice.h"

namespace windrow::tools {

// How the rows of a new table are stored, as users write it.
struct RowFormatOptions {
  std::string name = "f32";
  std::string scale;       // "none", "row", "block:32"; empty: not asked for
  std::string scale_type;  // "f32", "ue8m0"; empty: not asked for
  bool align_rows = false;

  // Whether any of the options was given.
  bool given() const { return name != "f32" || !scale.empty() || !scale_type.empty() || align_rows; }
  // Throws WrongUsage where they do not go together.
  RowFormatChoice chosen() const;
};

void add_row_format_options(CLI::App& verb, RowFormatOptions& options);

// Throws WrongUsage where state is asked for (`trained`) with rows that cannot be trained.
void check_trainable(const RowFormatChoice& format, bool trained);

}  // namespace windrow::tools
