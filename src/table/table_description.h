#pragma once

#include <windrow/table_writer.h>
#include <cstdint>

#include "format/safetensors.h"

namespace windrow {

// The tensors and the metadata of a new table file (FORMAT.md, section 2), and where they lie.

constexpr uint64_t kTableHeaderBytes = 4096;  // one page; written last, when all sizes are known

// What is known when all rows have been written.
struct TableSizes {
  uint64_t rows = 0;
  uint64_t tokens = 0;  // 0: no vocabulary
  uint64_t token_bytes = 0;
  bool token_rows = false;     // whether tokens have rows of their own
  bool token_weights = false;  // and weights
  uint64_t index_slots = 0;
  uint64_t checksums = 0;
};

// kInvalidArgument: metadata that cannot be, or with which the header does not fit into its page.
Result<safetensors::Layout> describe_table(const TableWriterSpec& spec, const TableSizes& sizes);

// Whether any table with this specification, whatever its sizes, would have a header that fits; errors as
// describe_table().
Result<void> check_metadata(const TableWriterSpec& spec);

}  // namespace windrow
