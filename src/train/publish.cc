#include <algorithm>

#include "base/fail.h"
#include "base/guard.h"
#include "io/atomic_file.h"
#include "table/replacement.h"
#include "train/quiet_table.h"
#include "windrow/maintenance.h"

namespace windrow {

namespace {

constexpr uint64_t kPart = uint64_t{64} << 20;  // that is copied between two looks at the progress

Result<void> copy(const TableFile& table, io::AtomicFile& file, const RewriteProgress& progress) {
  for (uint64_t at = 0; at < table.file_bytes;) {
    const uint64_t bytes = std::min(kPart, table.file_bytes - at);
    if (auto copied = file.append_from(*table.file, at, bytes); !copied) return copied;
    at += bytes;
    if (progress && !progress(at, table.file_bytes))
      return fail(ErrorCode::kIo, table.path(), ": stopped as asked; nothing was published");
  }
  return {};
}

}  // namespace

Result<void> publish(const std::string& path, const std::string& target, const RewriteProgress& progress) {
  return guard([&]() -> Result<void> {
    auto& system = io::posix();
    if (system.resolve(path) == system.resolve(target)) {
      return fail(ErrorCode::kInvalidArgument, path,
                  ": a table is published under another name than its own");
    }
    if (auto free = refuse_if_trained(system, target); !free) return free;
    auto table = open_quiet(system, path);
    if (!table) return pass(table);
    auto file = io::AtomicFile::create(system, target, table->path());
    if (!file) return pass(file);
    if (auto reserved = file->file().reserve(table->file_bytes); !reserved) return reserved;
    if (auto copied = copy(*table, *file, progress); !copied) return copied;
    if (auto quiet = check_quiet(*table); !quiet) return quiet;
    if (auto free = refuse_if_trained(system, target); !free) return free;
    return file->commit();
  });
}

}  // namespace windrow
