#include "table/replacement.h"

#include "base/fail.h"

namespace windrow {

Result<void> refuse_if_trained(io::FileSystem& system, const std::string& path) {
  auto file = system.open(system.resolve(path), io::Access::kRead);
  if (!file && file.error().code == ErrorCode::kNotFound) return {};
  if (!file) return pass(file);
  auto locked = (*file)->is_locked_elsewhere();
  if (locked && *locked) return fail(ErrorCode::kBusy, path, ": a trainer holds this table; close it first");
  return {};
}

}  // namespace windrow
