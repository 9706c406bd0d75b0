#include "train/copy_table.h"

#include <algorithm>

#include "base/fail.h"
#include "table/replacement.h"
#include "train/quiet_table.h"

namespace windrow {

namespace {

constexpr uint64_t kPart = uint64_t{64} << 20;  // that is copied between two looks at the progress

}  // namespace

Result<io::AtomicFile> copy_table(io::FileSystem& system, const TableFile& table, const std::string& target,
                                  const RewriteProgress& progress) {
  if (auto free = refuse_if_trained(system, target); !free) return pass(free);
  auto file = io::AtomicFile::create(system, target, table.path());
  if (!file) return file;
  for (uint64_t at = 0; at < table.file_bytes;) {
    const uint64_t bytes = std::min(kPart, table.file_bytes - at);
    if (auto copied = file->append_from(*table.file, at, bytes); !copied) return pass(copied);
    at += bytes;
    if (progress && !progress(at, table.file_bytes))
      return fail(ErrorCode::kIo, table.path(), ": stopped as asked; nothing was published");
  }
  // Not before: where the file system shares the blocks of the copy it needs none of its own. No holes stay.
  if (auto reserved = file->file().reserve(table.file_bytes); !reserved) return pass(reserved);
  if (auto quiet = check_quiet(table); !quiet) return pass(quiet);
  return file;
}

}  // namespace windrow
