#pragma once

#include <windrow/error.h>
#include <memory>

#include "formats/reader.h"
#include "formats/table_reader.h"

namespace windrow::tools {

// The rows of a tensor in one safetensors file whose values no table has: F64, whole numbers, BOOL. It is the one that
// is named, or the only matrix there is. Null where the rows are those of a table, or in several files.
Result<std::unique_ptr<RowReader>> read_number_tensor(const TableSource& source);

}  // namespace windrow::tools
