#pragma once

#include <sys/stat.h>

#include <memory>
#include <string>

#include "io/file.h"

namespace windrow::io {

inline FileId id_from(const struct stat& status) {
  return {static_cast<uint64_t>(status.st_dev), static_cast<uint64_t>(status.st_ino),
          static_cast<uint64_t>(status.st_size)};
}

// A file of the operating system. Errors as FileSystem::open.
Result<std::unique_ptr<File>> open_posix_file(const std::string& path, Access access);

// Maps the first `size` bytes of the open file `descriptor`, shared; `path` is for messages.
Result<Mapping> map_file(int descriptor, uint64_t size, bool writable, const std::string& path);

}  // namespace windrow::io
