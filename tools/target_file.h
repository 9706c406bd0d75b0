#pragma once

#include <windrow/error.h>
#include <span>
#include <string>

namespace windrow::tools {

// kInvalidArgument for a target that is no regular file, so that a device or a folder is not replaced by a file, or that
// is one of `sources`. A source that is a checkpoint (a folder, or an index.json) has all .safetensors beside it.
Result<void> check_target(const std::string& target, std::span<const std::string> sources = {});

}  // namespace windrow::tools
