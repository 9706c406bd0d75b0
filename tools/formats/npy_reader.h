#pragma once

#include <memory>

#include "format/npy.h"
#include "formats/byte_reader.h"
#include "formats/reader.h"

namespace windrow::tools {

// The header of a .npy file. Messages name the file.
Result<npy::Header> read_npy_header(ByteReader& bytes);

// The rows of an array of any numbers, in either order of rows and columns, as floats. `file` is whole, and the header
// its own. kUnsupported for arrays that are no tables, and for values that are no numbers.
Result<std::unique_ptr<RowReader>> read_npy(std::unique_ptr<ByteSource> file, const npy::Header& header);

// What else a user should know of a file with this header, whoever reads it.
std::vector<std::string> remarks_on_npy(const npy::Header& header, uint64_t file_bytes);

}  // namespace windrow::tools
