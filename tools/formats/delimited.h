#pragma once

#include <windrow/error.h>
#include <memory>

#include "formats/byte_reader.h"
#include "formats/reader.h"
#include "formats/source.h"

namespace windrow::tools {

// Tables of numbers as text: a row per line, fields between tabs (TSV) or commas (CSV), all rows with equally many.
// A first line whose values are no numbers names the columns. Of CSV a field may stand in quotes, in which two quotes
// are one (RFC 4180); a line end in quotes is refused.
//
// The token is in the column that source.token_column names or numbers; else in the only one that is not of numbers;
// else, of columns with names, in the one called id, token, word, key or name; else there is none. A remark says which.
//
// Of `source` the path does not count: the bytes are those given.
Result<std::unique_ptr<RowReader>> read_delimited(std::unique_ptr<ByteSource> bytes, char separator,
                                                  const Source& source = {});

}  // namespace windrow::tools
