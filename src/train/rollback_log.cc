#include "train/rollback_log.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/parallel.h"
#include "train/chunks.h"
#include "train/journal_reader.h"

namespace windrow {

namespace {

// A thread more for each so many bytes of images.
constexpr size_t kBytesPerThread = 512 * 1024;

}  // namespace

Result<RollbackLog> RollbackLog::create(io::FileSystem& system, const std::string& table_path,
                                        const JournalHeader& life, const JournalSizes& sizes, bool synced,
                                        int64_t table_rows, uint64_t epoch) {
  RollbackLog log;
  log.epoch_ = epoch;
  log.synced_ = synced;
  for (uint32_t number : {0u, 1u}) {
    JournalHeader header = life;
    header.number = number;
    auto journal = Journal::create(system, table_path, header, sizes, synced);
    if (!journal) return pass(journal);
    log.journals_[number] = std::move(*journal);
    log.touches_[number] = FirstTouches(table_rows);
  }
  if (auto named = system.sync_folder_of(table_path); !named) return pass(named);
  log.journals_[epoch % 2].begin(epoch);
  return log;
}

Result<void> RollbackLog::keep(const Coalescer& rows, const RowImages& images, const uint8_t* file,
                               int threads) {
  const FirstTouches& touches = touches_[epoch_ % 2];
  new_rows_.clear();
  for (size_t r = 0; r < rows.rows(); ++r) {
    if (const int64_t row = rows.row(r); !touches.contains(row)) new_rows_.push_back(row);
  }
  return new_rows_.empty() ? Result<void>() : keep_new(new_rows_, images, file, threads);
}

Result<void> RollbackLog::keep_new(std::span<const int64_t> rows, const RowImages& images,
                                   const uint8_t* file, int threads) {
  Journal& journal = journals_[epoch_ % 2];
  FirstTouches& touches = touches_[epoch_ % 2];
  touches.reserve(rows.size());
  const size_t entry_bytes = 8 + images.bytes(), most = journal.most_rows_per_chunk();
  for (size_t first = 0; first < rows.size(); first += most) {
    const auto part = rows.subspan(first, std::min(most, rows.size() - first));
    uint8_t* const room = journal.room_for(part.size()).data();
    const auto useful = static_cast<int>(1 + part.size() * entry_bytes / kBytesPerThread);
    const int team = std::min(threads, useful);
    parallel(team, [&](int t) {
      const Chunk share = chunk_of(t, team, part.size());
      for (size_t i = share.begin; i < share.end; ++i) {
        store(room + i * entry_bytes, part[i]);
        images.read(file, part[i], room + i * entry_bytes + 8);
      }
    });
    if (auto appended = journal.append(part.size()); !appended) return appended;
  }
  if (synced_) {
    if (auto on_disk = journal.sync(); !on_disk) return on_disk;
  }
  touches.add(rows);
  return {};
}

bool RollbackLog::has_kept(const Coalescer& rows) const {
  const FirstTouches& touches = touches_[epoch_ % 2];
  size_t r = 0;
  while (r < rows.rows() && touches.contains(rows.row(r))) ++r;
  return r == rows.rows();
}

void RollbackLog::begin_next() {
  ++epoch_;
  journals_[epoch_ % 2].begin(epoch_);
  touches_[epoch_ % 2].clear();
}

Result<void> RollbackLog::undo(const RowImages& images, uint8_t* file, const RowCounters* counters) const {
  const Journal& journal = journals_[epoch_ % 2];
  return read_backwards(journal.file(), journal.header(), journal.chunks(),
                        [&](int64_t row, std::span<const uint8_t> image) -> Result<void> {
                          if (counters) counters->begin_change(row);
                          images.write(file, row, image.data());
                          if (counters) counters->end_change(row);
                          return {};
                        });
}

}  // namespace windrow
