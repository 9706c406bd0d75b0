#include "base/fail.h"
#include "base/guard.h"
#include "table/replacement.h"
#include "train/locked_table.h"
#include "train/rewrite.h"
#include "train/undo.h"
#include "windrow/maintenance.h"

namespace windrow {

namespace {

// In place the table is locked, so that no trainer can begin on a file that is about to lose its name. To copy it
// it may be read by whoever can.
Result<TableFile> open_source(io::FileSystem& system, const std::string& path, bool in_place) {
  if (in_place) return open_clean(system, path);
  auto table = open_table_file(system, path, io::Access::kRead, "weight");
  if (!table) {
    // What has no `weight` is no Windrow file either.
    if (table.error().code != ErrorCode::kNotFound || !system.exists(path).value_or(false)) return table;
    return fail(ErrorCode::kUnsupported, table.error().message, "; only Windrow files have state to strip");
  }
  if (auto ours = check_writable(*table); !ours) return pass(ours);
  return table;
}

Result<void> check_clean(const TableFile& table, const MetaSlot& slot) {
  if (slot.clean && slot.generation == table.slot->generation) return {};
  return fail(ErrorCode::kUnclean, table.path(),
              ": a trainer is working on this table, or died with it; wait until it has closed it, or see "
              "`windrow recover`");
}

}  // namespace

Result<void> strip(const std::string& path, const std::string& target, const RewriteProgress& progress) {
  return guard([&]() -> Result<void> {
    auto& system = io::posix();
    const bool in_place = system.resolve(path) == system.resolve(target);
    if (!in_place) {
      if (auto free = refuse_if_trained(system, target); !free) return free;
    }
    auto table = open_source(system, path, in_place);
    if (!table) return pass(table);
    if (auto clean = check_clean(*table, *table->slot); !clean) return clean;
    auto file = write_anew(system, *table, target, {.progress = progress});
    if (!file) return pass(file);
    // What a trainer did meanwhile would be in the copy, in part.
    auto slot = read_slot(*table);
    if (!slot) return pass(slot);
    if (auto clean = check_clean(*table, *slot); !clean) return clean;
    if (!in_place) {
      if (auto free = refuse_if_trained(system, target); !free) return free;
    }
    if (auto committed = file->commit(); !committed) return committed;
    file->file().evict();  // as a new table: the first reader chooses the size of its pages
    return {};
  });
}

}  // namespace windrow
