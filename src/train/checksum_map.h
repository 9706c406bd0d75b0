#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <string>
#include <vector>

#include "format/safetensors.h"
#include "table/table_file.h"

namespace windrow {

// Where in `checksum` the entries of a tensor's blocks stand.
struct ChecksummedTensor {
  const safetensors::Tensor* tensor;
  uint64_t entries_begin;  // byte of the file that holds the entry of its first block

  uint64_t bytes() const { return tensor->end - tensor->begin; }
};

// The tensors of a Windrow file that have checksums, in the order of their entries. Empty when the table was
// made without. kFormat when `checksum` is not what the other tensors demand; kUnsupported for blocks of
// another size.
Result<std::vector<ChecksummedTensor>> checksummed_tensors(const TableFile& table);

}  // namespace windrow
