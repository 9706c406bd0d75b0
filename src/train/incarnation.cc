#include "train/incarnation.h"

#include "base/fail.h"

namespace windrow {

namespace {

DurabilityLevel level_of(Durability durability) {
  return durability == Durability::kPower     ? DurabilityLevel::kPower
         : durability == Durability::kProcess ? DurabilityLevel::kProcess
                                              : DurabilityLevel::kNone;
}

// The journals go by the name of the table. If that leads to another table by now, they are not ours.
Result<void> check_name(const TableFile& table) {
  const auto current = table.file->is_current();
  if (!current) return tl::make_unexpected(current.error());
  if (*current) return {};
  return fail(ErrorCode::kBusy, table.path(),
              ": the file has been renamed, removed or replaced since it was opened; nothing was changed");
}

}  // namespace

Result<RollbackLog> make_journals(io::FileSystem& system, const TableFile& table, const Incarnation& life) {
  if (auto named = check_name(table); !named) return pass(named);
  const JournalHeader header{.uuid = table.slot->uuid,
                             .incarnation = life.number,
                             .layout = table.slot->layout,
                             .image_bytes = life.image_bytes};
  auto made = RollbackLog::create(system, table.path(), header, life.sizes,
                                  life.durability == Durability::kPower, table.rows, life.epoch);
  if (!made) remove_journals(system, table);  // the table is clean: they mean nothing
  return made;
}

Result<void> mark_unclean(io::FileSystem& system, TableFile& table, const Incarnation& life,
                          uint32_t optimizer_id) {
  MetaSlot slot = *table.slot;
  ++slot.generation;
  slot.clean = false;
  slot.incarnation = life.number;
  slot.boot_id = system.boot_id();
  slot.level = level_of(life.durability);
  slot.journal_chunks = 0;
  slot.optimizer_id = optimizer_id;
  return write_slot(table, slot);
}

}  // namespace windrow
