#pragma once

#include <windrow/error.h>
#include <windrow/row_format.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/row_block.h"

namespace windrow::tools {

struct SourceHeader {
  size_t dim = 0;
  std::optional<uint64_t> rows;  // as the file declares them; a reader never gives more
  bool has_tokens = false;
  std::optional<RowFormat> row_format = {};  // of a table
};

// Reads a file of vectors from front to back, a block of rows at a time, in memory that does not grow with
// the file.
class RowReader {
 public:
  virtual ~RowReader() = default;

  virtual const SourceHeader& header() const = 0;
  // Replaces the block by the next rows. An empty block is the end, and then everything the file claims was
  // checked.
  virtual Result<void> next(RowBlock& block) = 0;

  // What a user should know although it is no error.
  virtual uint64_t crlf_lines() const { return 0; }
  virtual std::vector<std::string> remarks() const { return {}; }
};

}  // namespace windrow::tools
