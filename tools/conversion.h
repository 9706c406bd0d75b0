#pragma once

#include <windrow/error.h>
#include <windrow/optimizer.h>
#include <windrow/row_format.h>
#include <windrow/table_writer.h>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "format_error.h"
#include "formats/formats.h"
#include "row_format_choice.h"

namespace windrow::tools {

struct VectorSource {
  TableSource file;
  const Format* format;
};
struct VectorTarget {
  std::string path;
  const Format* format;
};

struct ConversionOptions {
  uint64_t limit = std::numeric_limits<uint64_t>::max();  // rows to read at most
  RowFormatChoice row_format;                             // of a new table
  std::optional<Optimizer> optimizer = {};                // whose state it reserves
  StateValues state = {};                                 // what that holds, if not its initial values
  int64_t step_count = 0;
};

struct ConversionReport {
  std::string from;
  std::string to;
  size_t dim = 0;
  std::optional<RowFormat> row_format;      // of a new table
  std::optional<RowFormat> source_format;   // of a table that was read
  std::optional<FormatError> format_error;  // where that is not f32
  uint64_t rows_read = 0;
  uint64_t rows_written = 0;
  uint64_t duplicates = 0;  // rows that were dropped because a row before has the same token
  std::string first_duplicate;
  uint64_t bad_utf8 = 0;  // these and the following count rows that were written, as they are
  uint64_t empty_tokens = 0;
  uint64_t nan_rows = 0;
  uint64_t infinite_rows = 0;
  uint64_t zero_rows = 0;
  uint64_t crlf_lines = 0;  // of the source
  std::vector<std::string> remarks;
};

// Reads rows of `source` and writes them as `target`, a block at a time: only the tokens stay in memory.
Result<ConversionReport> convert(const VectorSource& source, const VectorTarget& target,
                                 const ConversionOptions& options);

}  // namespace windrow::tools
