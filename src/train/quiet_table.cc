#include "train/quiet_table.h"

#include "base/fail.h"
#include "train/locked_table.h"

namespace windrow {

namespace {

Result<void> check_same(const TableFile& table, const MetaSlot& slot) {
  if (slot.clean && slot.generation == table.slot->generation) return {};
  return fail(ErrorCode::kUnclean, table.path(),
              ": a trainer is working on this table, or died with it; wait until it has closed it, or see "
              "`windrow recover`");
}

}  // namespace

Result<TableFile> open_quiet(io::FileSystem& system, const std::string& path) {
  auto table = open_table_file(system, path, io::Access::kRead, "weight");
  if (!table) {
    // What has no `weight` is no Windrow file either.
    if (table.error().code != ErrorCode::kNotFound || !system.exists(path).value_or(false)) return table;
    return fail(ErrorCode::kUnsupported, table.error().message, "; it is no Windrow file");
  }
  if (auto ours = check_writable(*table); !ours) return pass(ours);
  if (auto clean = check_same(*table, *table->slot); !clean) return pass(clean);
  return table;
}

Result<void> check_quiet(const TableFile& table) {
  const auto slot = read_slot(table);
  if (!slot) return tl::make_unexpected(slot.error());
  return check_same(table, *slot);
}

}  // namespace windrow
