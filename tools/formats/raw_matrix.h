#pragma once

#include <windrow/error.h>
#include <memory>

#include "formats/byte_reader.h"
#include "formats/reader.h"
#include "formats/source.h"

namespace windrow::tools {

// Values, row after row, without anything that says what they are: source.raw does. kFormat where the bytes are not
// those of whole rows, or not as many rows as it says; `lenient`, what is there is taken.
//
// Of `source` the path does not count: the bytes are those given.
Result<std::unique_ptr<RowReader>> read_raw_matrix(std::unique_ptr<ByteSource> bytes, const Source& source);

}  // namespace windrow::tools
