#include <algorithm>

#include "base/fail.h"
#include "base/guard.h"
#include "io/atomic_file.h"
#include "table/check_blocks.h"
#include "train/journal.h"
#include "train/verify_contents.h"
#include "windrow/maintenance.h"
#include "windrow/table.h"

namespace windrow {

namespace {

// Where damaged slots begin in the file.
Result<std::vector<uint64_t>> find_bad_slots(const TableFile& table) {
  const auto* meta = table.header.find("_meta");
  std::vector<uint8_t> bytes(kMetaBytes);
  if (auto read = table.file->read(meta->begin, bytes); !read) return pass(read);
  std::vector<uint64_t> places;
  for (const int number : damaged_slots(bytes))
    places.push_back(meta->begin + static_cast<uint64_t>(number) * kSlotPage);
  return places;
}

Result<void> check_clean(const TableFile& table, const MetaSlot& slot) {
  if (slot.clean) return {};
  const auto bad_slots = find_bad_slots(table);
  if (!bad_slots) return tl::make_unexpected(bad_slots.error());
  if (!bad_slots->empty()) {
    return fail(
        ErrorCode::kMetaCorrupt, table.path(), ": byte ", bad_slots->front(),
        ": this slot of `_meta` is damaged, and the one before it is that of a trainer at work: whether the "
        "table was closed is not known; `windrow recover --accept-mixed` takes the rows as they are");
  }
  return fail(ErrorCode::kUnclean, table.path(),
              ": a trainer is working on this table, or died with it; its checksums "
              "say nothing until it is closed, or recovered by `windrow recover`");
}

Result<void> verify_tensor(const TableFile& table, const ChecksummedTensor& of, VerifyReport& report) {
  const auto counts = check_blocks(*table.file, of, table.rows,
                                   [&](BadBlock bad) { report.bad_blocks.push_back(std::move(bad)); });
  if (!counts) return tl::make_unexpected(counts.error());
  report.blocks_ok += counts->ok;
  report.blocks_not_computed += counts->not_computed;
  return {};
}

Result<std::vector<std::string>> find_leftovers(io::FileSystem& system, const std::string& path) {
  auto names = system.list_folder_of(path);
  if (!names) return names;
  const std::string table_name = path.substr(path.rfind('/') + 1);
  std::erase_if(*names, [&](const std::string& name) {
    const bool is_journal = name == journal_path(table_name, 0) || name == journal_path(table_name, 1);
    return !is_journal && !io::is_temporary_of(name, table_name);
  });
  std::sort(names->begin(), names->end());
  return names;
}

}  // namespace

Result<VerifyReport> verify(const std::string& path) {
  return guard([&]() -> Result<VerifyReport> {
    auto table = open_table_file(io::posix(), path, io::Access::kRead, "");
    if (!table) return pass(table);
    if (!table->is_windrow()) {
      return fail(
          ErrorCode::kUnsupported, table->path(),
          ": not a Windrow file, or one that another program has saved anew: it has no checksums of ours");
    }
    if (auto clean = check_clean(*table, *table->slot); !clean) return pass(clean);
    VerifyReport report;
    report.mixed = table->slot->mixed;
    auto bad_slots = find_bad_slots(*table);
    if (!bad_slots) return pass(bad_slots);
    report.bad_slots = std::move(*bad_slots);
    auto tensors = checksummed_tensors(*table);
    if (!tensors) return pass(tensors);
    for (const auto& tensor : *tensors) {
      if (auto verified = verify_tensor(*table, tensor, report); !verified) return pass(verified);
    }
    if (report.bad_blocks.empty()) {
      auto opened = Table::open(path, {.residency = Residency::kLazy, .unclean = Unclean::kAny});
      if (!opened) return pass(opened);
      verify_vocabulary(opened->vocabulary(), report);
      verify_values(opened->internals(), report);
    }
    // A trainer that began meanwhile has changed what was read: that is no damage.
    auto slot = read_slot(*table);
    if (!slot) return pass(slot);
    if (auto clean = check_clean(*table, *slot); !clean) return pass(clean);
    if (slot->generation != table->slot->generation) {
      return fail(ErrorCode::kUnclean, table->path(),
                  ": a trainer has changed the table while it was verified; "
                  "verify it again");
    }
    auto leftovers = find_leftovers(io::posix(), table->path());
    if (!leftovers) return pass(leftovers);
    report.leftovers = std::move(*leftovers);
    return report;
  });
}

}  // namespace windrow
