#include "base/fail.h"
#include "base/guard.h"
#include "table/replacement.h"
#include "train/copy_table.h"
#include "train/quiet_table.h"
#include "windrow/maintenance.h"

namespace windrow {

Result<void> publish(const std::string& path, const std::string& target, const RewriteProgress& progress) {
  return guard([&]() -> Result<void> {
    auto& system = io::posix();
    if (system.resolve(path) == system.resolve(target)) {
      return fail(ErrorCode::kInvalidArgument, path,
                  ": a table is published under another name than its own");
    }
    auto table = open_quiet(system, path);
    if (!table) return pass(table);
    auto file = copy_table(system, *table, target, progress);
    if (!file) return pass(file);
    return file->commit([&] { return refuse_if_trained(system, target); });
  });
}

}  // namespace windrow
