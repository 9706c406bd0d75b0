#include "base/guard.h"
#include "table/checksum_map.h"
#include "table/row_counters.h"
#include "train/journal.h"
#include "train/locked_table.h"
#include "train/refresh_checksums.h"
#include "train/undo.h"
#include "windrow/maintenance.h"

namespace windrow {

namespace {

Result<void> accept_mixed_rows(io::FileSystem& system, TableFile& table) {
  auto tensors = checksummed_tensors(table);
  if (!tensors) return pass(tensors);
  const auto all = [](uint64_t) { return true; };
  for (const auto& tensor : *tensors) {
    if (auto refreshed = refresh_checksums(*table.file, tensor, all); !refreshed) return refreshed;
  }
  if (auto synced = table.file->sync(); !synced) return synced;
  const auto counters = RowCounters::take(system, table.path(), table.slot->uuid, false);
  if (!counters) return tl::make_unexpected(counters.error());
  if (*counters) (*counters)->end_all_changes();
  MetaSlot slot = *table.slot;
  ++slot.generation;
  slot.committed_epoch += 2;  // a trainer that died may have begun two epochs; neither number is used again
  slot.journal_chunks = 0;
  slot.clean = true;
  slot.mixed = true;
  slot.content = draw_content(system);
  return write_slot(table, slot);
}

// Whether the rows cannot be put back, however often it is tried.
bool has_no_way_back(ErrorCode code) {
  return code == ErrorCode::kUnclean || code == ErrorCode::kJournalMissing ||
         code == ErrorCode::kJournalMismatch || code == ErrorCode::kJournalCorrupt;
}

}  // namespace

Result<RecoverReport> recover(const std::string& path, const RecoverOptions& options) {
  return guard([&]() -> Result<RecoverReport> {
    auto& system = io::posix();
    auto table = open_locked(system, path);
    if (!table) return pass(table);
    RecoverReport report{.was_clean = table->slot->clean, .mixed = table->slot->mixed};
    if (report.was_clean) return report;
    const auto undone = undo_unfinished(system, *table);
    if (undone) {
      report.rows_restored = static_cast<int64_t>(undone->rows);
    } else if (options.accept_mixed && has_no_way_back(undone.error().code)) {
      if (auto accepted = accept_mixed_rows(system, *table); !accepted) return pass(accepted);
      remove_journals(system, *table);
      report.accepted_mixed = report.mixed = true;
    } else {
      return tl::make_unexpected(undone.error());
    }
    return report;
  });
}

}  // namespace windrow
