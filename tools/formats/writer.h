#pragma once

#include <windrow/error.h>
#include <windrow/optimizer.h>
#include <windrow/row_format.h>
#include <windrow/table_writer.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "formats/row_block.h"

namespace windrow::tools {

struct WriterSpec {
  size_t dim = 0;
  uint64_t max_rows = 0;               // no more will come
  bool exact = false;                  // and no fewer
  RowFormat row_format;                // for tables; of `dim` columns
  std::optional<Optimizer> optimizer;  // likewise: whose state is reserved
  StateValues state = {};              // and what it holds; its initial values otherwise
  int64_t step_count = 0;
};

// Writes a file of vectors. It appears under its name, whole, when finish() succeeds; the destructor removes
// what was written otherwise.
class RowWriter {
 public:
  virtual ~RowWriter() = default;

  // Either all blocks have tokens or none has. After an error only destruction is left.
  virtual Result<void> write(const RowBlock& block) = 0;
  virtual Result<void> finish() = 0;
};

}  // namespace windrow::tools
