#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "format/undo_journal.h"
#include "io/file.h"
#include "table/table_file.h"

namespace windrow {

struct JournalSizes {
  uint64_t first_bytes = uint64_t{64} << 20;  // that it begins with
  uint64_t piece_bytes = uint64_t{64} << 20;  // that it grows by
  uint64_t limit_bytes = uint64_t{1} << 62;
};

// A chunk in its file.
struct ChunkPlace {
  uint64_t offset = 0;
  ChunkHeader header;
};

// One of the two journals of a trainer, as it is written. Each epoch starts at the front of the file again: the chunks
// of others are told from its own by their numbers, so that nothing need be cut off or wiped.
class Journal {
 public:
  Journal() = default;

  // Makes the journal of a table, by its number, in the place of any that was left there, with the permissions of the
  // table, whose rows it holds. `synced`: chunks must outlive a loss of power, so that
  // all room for them is written and synced before, and a sync later has data to wait for and nothing else. The caller
  // syncs the folder. kNoSpace, kIo.
  static Result<Journal> create(io::FileSystem& system, const std::string& table_path,
                                const JournalHeader& header, const JournalSizes& sizes, bool synced);

  // What is appended from here on belongs to this epoch.
  void begin(uint64_t epoch);

  // Room for the entries of a chunk: rows x (u64 row, image). Stays until the next call.
  std::span<uint8_t> room_for(size_t rows);
  // Writes what was put there as a chunk. kJournalFull: there is no more room within the limit, or on the disk; kIo.
  // After an error the chunk is none, and the next one takes its place.
  Result<void> append(size_t rows);
  // What was appended is on the disk.
  Result<void> sync();

  size_t most_rows_per_chunk() const;
  std::span<const ChunkPlace> chunks() const { return chunks_; }  // of this epoch
  const io::File& file() const { return *file_; }
  const JournalHeader& header() const { return header_; }
  // Whether a sync has failed: then nobody knows what the disk holds.
  bool is_broken() const { return broken_; }

 private:
  Result<void> make_room(uint64_t end);
  Result<void> add_bytes(uint64_t end);
  tl::unexpected<Error> full(const std::string& why) const;

  std::unique_ptr<io::File> file_;
  JournalHeader header_;
  JournalSizes sizes_;
  bool synced_ = false;
  bool broken_ = false;
  uint64_t capacity_ = 0;  // bytes of the file
  uint64_t epoch_ = 0;
  uint64_t end_ = kJournalPage;
  uint64_t syncs_ = 0;  // in this epoch
  std::vector<ChunkPlace> chunks_;
  std::vector<uint8_t> buffer_;
};

// "NAME-undo0" and "NAME-undo1", for even and odd epochs.
std::string journal_path(const std::string& table_path, uint64_t epoch);

// Removes both journals of a table, unless it has lost its name: then they are another's. A failure is none: they mean
// nothing beside a clean table.
void remove_journals(io::FileSystem& system, const TableFile& table);

}  // namespace windrow
