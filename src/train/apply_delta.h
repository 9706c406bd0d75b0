#pragma once

#include <windrow/delta.h>
#include <string>

#include "io/file.h"

namespace windrow {

// apply_delta(), on any file system.
Result<ApplyReport> apply_delta(io::FileSystem& system, const std::string& table_path,
                                const std::string& delta_path, const ApplyOptions& options);

}  // namespace windrow
