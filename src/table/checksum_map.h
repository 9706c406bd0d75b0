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

// The tensors of a file that have checksums, of blocks of `block_bytes`, in the order of their entries. Empty where that
// is 0: the file was made without. kFormat when `checksum` is not what the other tensors demand; kUnsupported for blocks
// of another size.
Result<std::vector<ChecksummedTensor>> checksummed_tensors(const DataFile& file, uint32_t block_bytes);
// Those of a Windrow table.
Result<std::vector<ChecksummedTensor>> checksummed_tensors(const TableFile& table);

}  // namespace windrow
