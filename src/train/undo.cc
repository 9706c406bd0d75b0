#include "train/undo.h"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "base/fail.h"
#include "train/journal_reader.h"
#include "train/locked_table.h"
#include "train/row_patcher.h"

namespace windrow {

namespace {

constexpr const char* kWayOut =
    "`windrow recover --accept-mixed` keeps the rows as they are, a mix of before and after; or restore the "
    "file "
    "from a copy";

Result<void> check_level(io::FileSystem& system, const TableFile& table) {
  const MetaSlot& slot = *table.slot;
  if (slot.level == DurabilityLevel::kNone) {
    return fail(
        ErrorCode::kUnclean, table.path(),
        ": a trainer that kept no journal died with this table, whose rows are now a mix of before and "
        "after; ",
        kWayOut);
  }
  // A system that does not tell its boots apart may have been started anew.
  const bool same_boot = slot.boot_id == system.boot_id() && slot.boot_id != decltype(slot.boot_id){};
  if (slot.level == DurabilityLevel::kProcess && !same_boot) {
    return fail(
        ErrorCode::kUnclean, table.path(),
        ": a trainer died with this table when the system went down, and its journal was kept for the "
        "end of the process only (durability process, not power); ",
        kWayOut);
  }
  return {};
}

// One of the two journals, as the last trainer left it.
struct LeftJournal {
  std::unique_ptr<io::File> file;
  JournalHeader header;
};

Result<LeftJournal> open_journal(io::FileSystem& system, const TableFile& table,
                                 const JournalHeader& expected) {
  const std::string path = journal_path(table.path(), expected.number);
  auto file = system.open(path, io::Access::kRead);
  if (!file && file.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kJournalMissing, table.path(),
                ": a trainer died with this table, and its journal ", path,
                " is not beside it, from which the rows could be put back. Was the table renamed or copied? ",
                kWayOut);
  }
  if (!file) return pass(file);
  const auto size = (*file)->size();
  if (!size) return tl::make_unexpected(size.error());
  std::vector<uint8_t> page(kJournalPage);
  std::optional<JournalHeader> header;
  if (*size >= kJournalPage) {
    if (auto read = (*file)->read(0, page); !read) return pass(read);
    header = decode_journal_header(page);
  }
  if (!header) {
    return fail(ErrorCode::kJournalCorrupt, path, ": byte 0: not the first page of a journal; ", kWayOut);
  }
  if (*header != expected) {
    return fail(ErrorCode::kJournalMismatch, path,
                ": the journal is of another table, or of another life of ", table.path(), "; ", kWayOut);
  }
  return LeftJournal{std::move(*file), *header};
}

}  // namespace

Result<UndoReport> undo_unfinished(io::FileSystem& system, TableFile& table) {
  if (auto can = check_level(system, table); !can) return pass(can);
  auto images = RowImages::of(table);
  if (!images) return pass(images);
  const MetaSlot& left = *table.slot;
  std::array<LeftJournal, 2> journals;
  for (uint32_t number : {0u, 1u}) {
    auto journal = open_journal(system, table,
                                {.number = number,
                                 .uuid = left.uuid,
                                 .incarnation = left.incarnation,
                                 .layout = left.layout,
                                 .image_bytes = static_cast<uint32_t>(images->bytes())});
    if (!journal) return pass(journal);
    const auto epoch = first_epoch(*journal->file, journal->header);
    if (!epoch) return tl::make_unexpected(epoch.error());
    if (*epoch > left.committed_epoch + 2) {
      return fail(ErrorCode::kJournalMismatch, journal->file->path(), ": the journal is of epoch ", *epoch,
                  ", but the table of ", left.committed_epoch, ": it is an older copy; ", kWayOut);
    }
    journals[number] = std::move(*journal);
  }
  // Both are looked through before anything is written: a damaged one leaves the rows as they are.
  std::array<std::vector<ChunkPlace>, 2> chunks;
  for (const uint64_t epoch : {left.committed_epoch + 1, left.committed_epoch + 2}) {
    const LeftJournal& journal = journals[epoch % 2];
    auto found =
        find_chunks(*journal.file, journal.header, epoch, table.rows, left.level == DurabilityLevel::kPower);
    if (!found) return pass(found);
    chunks[epoch % 2] = std::move(*found);
  }
  // The younger epoch first: its images may be of rows that the older one had changed.
  auto counters = RowCounters::take(system, table.path(), left.uuid, false);
  if (!counters) return pass(counters);
  RowPatcher restorer(*table.file, table, std::move(*images), *counters ? &**counters : nullptr);
  for (const uint64_t number : {left.committed_epoch % 2, (left.committed_epoch + 1) % 2}) {
    const LeftJournal& journal = journals[number];
    auto restored = read_backwards(
        *journal.file, journal.header, chunks[number],
        [&](int64_t row, std::span<const uint8_t> image) { return restorer.patch(row, image); });
    if (!restored) return pass(restored);
  }
  if (*counters) (*counters)->end_all_changes();
  if (auto refreshed = restorer.refresh_checksums(); !refreshed) return pass(refreshed);
  if (auto synced = table.file->sync(); !synced) return pass(synced);
  MetaSlot slot = left;
  ++slot.generation;
  slot.committed_epoch += 2;  // both numbers are spent: their chunks may still stand in the journals
  slot.journal_chunks = 0;
  slot.clean = true;
  if (auto written = write_slot(table, slot); !written) return pass(written);
  // Not before the table says that it needs them no more.
  remove_journals(system, table);
  return UndoReport{restorer.rows()};
}

Result<TableFile> open_clean(io::FileSystem& system, const std::string& path) {
  auto table = open_locked(system, path);
  if (!table || table->slot->clean) return table;
  if (auto undone = undo_unfinished(system, *table); !undone) return pass(undone);
  return table;
}

}  // namespace windrow
