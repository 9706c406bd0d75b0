#include "train/locked_table.h"

#include "base/fail.h"

namespace windrow {

namespace {

constexpr int kMaxTries = 100;  // a file that is replaced faster than it can be opened is not worked on
constexpr uint32_t kKnownWriterFeatures = 0;

tl::unexpected<Error> replaced(const std::string& path) {
  return fail(ErrorCode::kBusy, path,
              ": the file was replaced by another while it was being opened; try again");
}

}  // namespace

Result<void> check_writable(const TableFile& table) {
  if (!table.is_windrow()) {
    return fail(ErrorCode::kUnsupported, table.path(),
                ": not a Windrow file, or one that another program has saved anew; make a table of it with "
                "`windrow convert` first");
  }
  if (const uint32_t unknown = table.slot->writer_features & ~kKnownWriterFeatures) {
    return fail(ErrorCode::kVersion, table.path(),
                ": writing to this table needs features that this Windrow does not "
                "know (bits ",
                unknown, " of the writer features in `_meta`): use a newer Windrow");
  }
  return {};
}

Result<TableFile> open_locked(io::FileSystem& system, const std::string& path) {
  for (int tries = 0; tries < kMaxTries; ++tries) {
    auto table = open_table_file(system, path, io::Access::kWrite, "weight");
    if (!table) {
      // What has no `weight` is no Windrow file either.
      if (table.error().code != ErrorCode::kNotFound || !system.exists(path).value_or(false)) return table;
      return fail(ErrorCode::kUnsupported, table.error().message,
                  "; only Windrow files can be trained: make one with `windrow convert` first");
    }
    if (auto writable = check_writable(*table); !writable) return pass(writable);
    if (auto locked = table->file->lock(); !locked) return pass(locked);
    // It may have been replaced before the lock was ours.
    auto current = table->file->is_current();
    if (!current) return pass(current);
    if (!*current) continue;
    // A writer may have ended between the first look and the lock.
    auto slot = read_slot(*table);
    if (!slot) return pass(slot);
    table->slot = std::move(*slot);
    if (auto writable = check_writable(*table); !writable) return pass(writable);
    return table;
  }
  return replaced(path);
}

Result<std::unique_ptr<io::File>> open_to_map(io::FileSystem& system, const TableFile& locked) {
  auto file = system.open(locked.path(), io::Access::kWrite);
  if (!file) return file;
  // The path led to the locked file before and after: what was opened in between is that file.
  auto current = locked.file->is_current();
  if (!current) return pass(current);
  if (!*current) return replaced(locked.path());
  return file;
}

}  // namespace windrow
