#pragma once

#include <windrow/error.h>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "format/safetensors.h"

namespace windrow::safetensors {

// What the JSON text of a header says, before any of it is compared with the file: `begin` and `end` of a
// tensor are still relative to the first data byte, and in the order of the text.
struct Described {
  struct Entry {
    Tensor tensor;
    uint64_t byte;  // where in the file the name ends, for messages
  };
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;
};

// Reads the text that starts at byte 8 of a file; it holds no NUL byte, starts without a byte order mark and
// is UTF-8. kFormat: not one JSON object, nested deeper than 8, a value of a wrong type, a missing key, a
// key twice (but for the names of tensors, which are the caller's to compare).
Result<Described> read_json(std::string_view text);

}  // namespace windrow::safetensors
