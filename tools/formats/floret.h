#pragma once

#include <windrow/error.h>
#include <memory>

#include "formats/byte_reader.h"
#include "formats/reader.h"

namespace windrow::tools {

// floret's text, https://github.com/explosion/floret:
//
//   BUCKETS DIM MIN_N MAX_N HASH_COUNT HASH_SEED BEGIN END LF, then a line for each bucket: its number from 0, and DIM
//   decimal numbers
//
// It has no tokens; every word finds rows by its n-grams (windrow/subwords.h).
Result<std::unique_ptr<RowReader>> read_floret(std::unique_ptr<ByteSource> bytes);

}  // namespace windrow::tools
