#include "train/journal_reader.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/fail.h"

namespace windrow {

namespace {

// Reads chunks of one life of a table, in memory that is kept from one to the next.
class ChunkReader {
 public:
  ChunkReader(const io::File& file, const JournalHeader& of) : file_(file), of_(of) {}

  // The chunk at `offset` of a file of `size` bytes, or nothing if there is none that is whole.
  Result<std::optional<ChunkHeader>> read(uint64_t offset, uint64_t size) {
    if (offset > size || size - offset < kChunkHeaderBytes) return std::nullopt;
    bytes_.resize(kChunkHeaderBytes);
    if (auto read = file_.read(offset, bytes_); !read) return tl::make_unexpected(read.error());
    const auto header = peek_chunk(bytes_);
    if (!header || header->incarnation != of_.incarnation || header->image_bytes != of_.image_bytes)
      return std::nullopt;
    // No writer makes larger ones, and what says so may be anything.
    const uint64_t most = std::max(kMaxChunkBytes, header->entry_bytes());
    if (header->payload_bytes() > most || header->bytes() > size - offset) return std::nullopt;
    bytes_.resize(static_cast<size_t>(header->bytes()));
    if (auto read = file_.read(offset, bytes_); !read) return tl::make_unexpected(read.error());
    if (!is_whole_chunk(bytes_, of_.uuid)) return std::nullopt;
    return header;
  }

  // Of the chunk that was read last.
  const uint8_t* entry(const ChunkHeader& header, uint64_t number) const {
    return bytes_.data() + kChunkHeaderBytes + number * header.entry_bytes();
  }
  int64_t row(const ChunkHeader& header, uint64_t number) const {
    return load<int64_t>(entry(header, number));
  }

  bool names_rows_of(int64_t table_rows, const ChunkHeader& header) const {
    for (uint64_t i = 0; i < header.rows; ++i) {
      if (static_cast<uint64_t>(row(header, i)) >= static_cast<uint64_t>(table_rows)) return false;
    }
    return true;
  }

 private:
  const io::File& file_;
  const JournalHeader& of_;
  std::vector<uint8_t> bytes_;
};

// Whether a chunk of the epoch begins behind `end`, whose header `shows_damage`, whether it is whole or not.
Result<void> check_nothing_follows(const io::File& journal, const JournalHeader& of, uint64_t epoch,
                                   uint64_t end, uint64_t size,
                                   const std::function<bool(const ChunkHeader&)>& shows_damage) {
  std::array<uint8_t, kChunkHeaderBytes> bytes;
  for (uint64_t offset = end; offset < size && size - offset >= bytes.size(); offset += kJournalPage) {
    if (auto read = journal.read(offset, bytes); !read) return read;
    const auto header = peek_chunk(bytes);
    if (!header || header->incarnation != of.incarnation || header->image_bytes != of.image_bytes) continue;
    if (header->epoch != epoch || !shows_damage(*header)) continue;
    return fail(ErrorCode::kJournalCorrupt, journal.path(), ": byte ", end,
                ": no whole chunk, but one at byte ", offset,
                " was written after it: the journal is damaged, and rows that it kept are lost. "
                "`windrow recover --accept-mixed` keeps rows as they are, or restore the file from a copy");
  }
  return {};
}

}  // namespace

Result<std::vector<ChunkPlace>> find_chunks(const io::File& journal, const JournalHeader& of, uint64_t epoch,
                                            int64_t table_rows, bool synced) {
  const auto size = journal.size();
  if (!size) return tl::make_unexpected(size.error());
  std::vector<ChunkPlace> found;
  ChunkReader reader(journal, of);
  uint64_t end = kJournalPage;
  while (true) {
    const auto chunk = reader.read(end, *size);
    if (!chunk) return tl::make_unexpected(chunk.error());
    if (!*chunk || (*chunk)->epoch != epoch || (*chunk)->seq != found.size() ||
        !reader.names_rows_of(table_rows, **chunk)) {
      break;
    }
    found.push_back({end, **chunk});
    end += round_up((*chunk)->bytes(), kJournalPage);
  }
  // What can only have been written when the chunk at `end` was there. Where chunks are to outlive the process only, they are
  // written in order, and the last may be cut off. Else it is what stands behind the next sync but one: a sync leads to
  // the next group, and the chunk that was seen last may have been the last of its own.
  const uint64_t least_group = found.empty() ? 1 : found.back().header.group + 2;
  auto nothing = check_nothing_follows(journal, of, epoch, end, *size, [&](const ChunkHeader& later) {
    return synced ? later.group >= least_group : later.seq > found.size();
  });
  if (!nothing) return pass(nothing);
  return found;
}

Result<uint64_t> first_epoch(const io::File& journal, const JournalHeader& of) {
  const auto size = journal.size();
  if (!size) return tl::make_unexpected(size.error());
  ChunkReader reader(journal, of);
  const auto chunk = reader.read(kJournalPage, *size);
  if (!chunk) return tl::make_unexpected(chunk.error());
  return *chunk ? (*chunk)->epoch : 0;
}

Result<void> read_backwards(const io::File& journal, const JournalHeader& of,
                            std::span<const ChunkPlace> chunks, const TakeImage& take) {
  const auto size = journal.size();
  if (!size) return tl::make_unexpected(size.error());
  ChunkReader reader(journal, of);
  for (size_t c = chunks.size(); c-- > 0;) {
    const auto chunk = reader.read(chunks[c].offset, *size);
    if (!chunk) return tl::make_unexpected(chunk.error());
    if (!*chunk || (*chunk)->seq != chunks[c].header.seq || (*chunk)->epoch != chunks[c].header.epoch) {
      return fail(ErrorCode::kJournalCorrupt, journal.path(), ": byte ", chunks[c].offset,
                  ": the chunk there has changed while it was in use");
    }
    const ChunkHeader& header = **chunk;
    for (uint64_t i = header.rows; i-- > 0;) {
      const std::span image(reader.entry(header, i) + 8, header.image_bytes);
      if (auto taken = take(reader.row(header, i), image); !taken) return taken;
    }
  }
  return {};
}

}  // namespace windrow
