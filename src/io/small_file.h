#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace windrow::io {

// A whole small file, such as those of /proc, whose size is not known before they are read. Nothing when it
// cannot be read.
std::optional<std::string> read_small_file(const std::string& path);

}  // namespace windrow::io
