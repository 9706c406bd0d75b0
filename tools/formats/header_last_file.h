#pragma once

#include <windrow/error.h>
#include <string>
#include <string_view>

#include "io/atomic_file.h"

namespace windrow::tools {

// A new file whose first bytes are known only at the end (they count the rows): it starts with room for them
// of the same length, and appears whole or not at all.
class HeaderLastFile {
 public:
  static Result<HeaderLastFile> create(const std::string& path, std::string_view first_header);

  const std::string& path() const { return path_; }
  Result<void> append(std::string_view bytes);
  // Writes the header over the first one, and gives the file its name. `header` has the first one's
  // length.
  Result<void> finish(std::string_view header);

 private:
  HeaderLastFile(std::string path, io::AtomicFile file, size_t header_bytes)
      : path_(std::move(path)), file_(std::move(file)), header_bytes_(header_bytes) {}

  std::string path_;
  io::AtomicFile file_;
  size_t header_bytes_;
};

}  // namespace windrow::tools
