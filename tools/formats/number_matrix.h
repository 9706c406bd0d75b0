#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "formats/byte_reader.h"
#include "formats/number_values.h"
#include "formats/reader.h"

namespace windrow::tools {

// A matrix of numbers of any type in a file, which holds it as a whole.
struct NumberMatrix {
  uint64_t begin = 0;  // byte of the file
  uint64_t rows = 0;
  size_t columns = 0;       // not 0
  bool by_columns = false;  // Fortran order: the values of a column stand together, not those of a row
  size_t item_bytes = 0;
  NumberValues values;
  std::string stored_as;  // for people
};

// Its rows as floats. Memory does not grow with the file, in whichever order it is.
std::unique_ptr<RowReader> read_number_matrix(std::unique_ptr<ByteSource> file, const NumberMatrix& matrix,
                                              std::vector<std::string> remarks = {});

}  // namespace windrow::tools
