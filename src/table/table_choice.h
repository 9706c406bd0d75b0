#pragma once

#include <windrow/error.h>
#include <windrow/row_format.h>
#include <optional>
#include <span>
#include <string>

#include "format/safetensors.h"

namespace windrow {

// Which tensor is the table: the one named `name`; without a name `weight` where there is `_meta`, else the
// only one that could be a table and is not the scales of another. `where` is the file or folder, for
// messages. Returns a number of `tensors`.
// Errors: kNotFound, kInvalidArgument, kUnsupported as Table::open
Result<size_t> choose_table(std::span<const safetensors::Tensor* const> tensors, const std::string& name,
                            std::optional<RowFormat::Kind> row_format, const std::string& where);

}  // namespace windrow
