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
#include "passage.h"
#include "row_format_choice.h"

namespace windrow::tools {

struct VectorSource {
  Source source;
  const Format* format;
};
struct VectorTarget {
  std::string path;
  const Format* format;
};

struct ConversionOptions {
  uint64_t limit = std::numeric_limits<uint64_t>::max();  // rows to read at most
  PassageOptions
      passage;  // number_rows is decided by the formats, and so are duplicates unless they are here:
  std::optional<Duplicates> duplicates = {};
  RowFormatChoice row_format;               // of a new table
  std::optional<Optimizer> optimizer = {};  // whose state it reserves
  StateValues state = {};                   // what that holds, if not its initial values
  int64_t step_count = 0;
  WriterOptions writer = {};
};

struct ConversionReport {
  std::string from;
  std::string to;  // empty for a dry run
  size_t dim = 0;
  SourceHeader source;                      // what the source said at its start
  std::optional<RowFormat> row_format;      // of a new table
  std::optional<FormatError> format_error;  // where that is not f32
  PassageFindings rows;
  Duplicates duplicates = Duplicates::kKeepAll;  // what was done with them
  uint64_t tokens = 0;                           // of the source
  ReaderFindings reader;
  std::vector<std::string> remarks;
};

// Reads rows of `source` and writes them as `target`, a block at a time: only the tokens stay in memory.
Result<ConversionReport> convert(const VectorSource& source, const VectorTarget& target,
                                 const ConversionOptions& options);

// The same without a target: a dry run, which meets all that a conversion to a table would.
Result<ConversionReport> read_through(const VectorSource& source, const ConversionOptions& options);

}  // namespace windrow::tools
