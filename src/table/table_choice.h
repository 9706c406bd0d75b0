#pragma once

#include <windrow/error.h>
#include <windrow/row_format.h>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "format/safetensors.h"
#include "table/data_file.h"

namespace windrow {

// Which tensor is the table: the one named `name`; without a name `weight` where there is `_meta`, else the
// only one that could be a table and is not the scales of another, of these tensors or of others
// (`other_scales`); or else the only matrix there is, though it cannot be read as it is. `where` is the file or
// folder, for messages. Returns a number of `tensors`.
// Errors: kNotFound, kInvalidArgument, kUnsupported as Table::open
Result<size_t> choose_table(std::span<const safetensors::Tensor* const> tensors, const std::string& name,
                            std::optional<RowFormat::Kind> row_format, const std::string& where,
                            const std::set<std::string>& other_scales = {});

// The name to look for where none was asked for: of a GGUF file, that of its token embeddings, if they are there;
// else nothing.
std::string usual_table(const DataFile& file);

// "\n  name  F32 [3, 4]" for each, and one line for those whose names differ in a number only: with the shape of the
// first. Up to a limit of lines.
std::string list_of(std::span<const safetensors::Tensor* const> tensors);

// Adds the names that scales of these tensors would have, whatever types they are of: scales are no tables.
void add_scale_names(std::span<const safetensors::Tensor* const> tensors, std::set<std::string>& names);

}  // namespace windrow
