#pragma once

#include <string>

#include "io/file.h"

namespace windrow {

// kBusy when a trainer holds the table at `path`, which is to be replaced: it would go on training a file without
// name. Nothing to say when there is none; kIo when it may not be looked at, or is a folder.
Result<void> refuse_if_trained(io::FileSystem& system, const std::string& path);

}  // namespace windrow
