#pragma once

#include <memory>
#include <string>

#include "io/file.h"

namespace windrow::io {

// A file of the operating system. Errors as FileSystem::open.
Result<std::unique_ptr<File>> open_posix_file(const std::string& path, Access access);

// Maps the first `size` bytes of the open file `descriptor`, shared; `path` is for messages.
Result<Mapping> map_file(int descriptor, uint64_t size, bool writable, const std::string& path);

}  // namespace windrow::io
