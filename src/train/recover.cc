#include <algorithm>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/guard.h"
#include "format/checksum.h"
#include "train/checksum_map.h"
#include "train/locked_table.h"
#include "windrow/maintenance.h"

namespace windrow {

namespace {

// Writes the entries of all blocks of a tensor, as its bytes are now.
Result<void> refresh_tensor(TableFile& table, const ChecksummedTensor& of) {
  std::vector<uint8_t> entries(8 * block_count(of.bytes())), bytes(kChecksumBlockBytes);
  for (uint64_t begin = 0; begin < of.bytes(); begin += kChecksumBlockBytes) {
    const auto part = std::span(bytes).first(std::min(kChecksumBlockBytes, of.bytes() - begin));
    if (auto read = table.file->read(of.tensor->begin + begin, part); !read) return read;
    store(entries.data() + begin / kChecksumBlockBytes * 8, block_checksum(part));
  }
  return table.file->write(of.entries_begin, entries);
}

Result<void> accept_mixed_rows(TableFile& table) {
  auto tensors = checksummed_tensors(table);
  if (!tensors) return pass(tensors);
  for (const auto& tensor : *tensors) {
    if (auto refreshed = refresh_tensor(table, tensor); !refreshed) return refreshed;
  }
  if (auto synced = table.file->sync(); !synced) return synced;
  MetaSlot slot = *table.slot;
  ++slot.generation;
  slot.committed_epoch += 2;  // a trainer that died may have begun two epochs; neither number is used again
  slot.journal_chunks = 0;
  slot.clean = true;
  slot.mixed = true;
  return write_slot(table, slot);
}

}  // namespace

Result<RecoverReport> recover(const std::string& path, const RecoverOptions& options) {
  return guard([&]() -> Result<RecoverReport> {
    auto table = open_locked(io::posix(), path);
    if (!table) return pass(table);
    RecoverReport report{.was_clean = table->slot->clean, .mixed = table->slot->mixed};
    if (report.was_clean) return report;
    if (!options.accept_mixed) {
      return fail(
          ErrorCode::kUnclean, table->path(),
          ": a trainer died with this table, and there is no journal to undo "
          "what it did; restore the file from a copy, or accept rows that are a mix of before and after "
          "(`windrow recover --accept-mixed`)");
    }
    if (auto accepted = accept_mixed_rows(*table); !accepted) return pass(accepted);
    report.mixed = true;
    return report;
  });
}

}  // namespace windrow
