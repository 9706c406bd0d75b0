#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace windrow {

// A journal of the rows that a trainer is about to change for the first time since the last checkpoint, as they were.
// FORMAT.md, "Journals", has it byte by byte: a page with a header, then chunks, each from the start of a page. Bytes
// only: whoever reads a file finds out where they are, and nothing that stands in them is trusted without its sum.

constexpr uint64_t kJournalPage = 4096;
constexpr size_t kChunkHeaderBytes = 64;
// Rows are put into chunks of so many bytes, or into one of their own when one row takes more.
constexpr uint64_t kMaxChunkBytes = uint64_t{4} << 20;

// Which table, and which life of it, a journal belongs to.
struct JournalHeader {
  uint32_t number = 0;  // 0 for even epochs, 1 for odd ones
  std::array<uint8_t, 16> uuid{};
  uint64_t incarnation = 0;
  uint32_t layout = 0;       // sum32 of the table's header
  uint32_t image_bytes = 0;  // of a row: the row of `weight`, then that of each state

  bool operator==(const JournalHeader&) const = default;
};

std::array<uint8_t, kJournalPage> encode_journal_header(const JournalHeader& header);
// Nothing unless magic, version and sum fit. `page` has at least kJournalPage bytes.
std::optional<JournalHeader> decode_journal_header(std::span<const uint8_t> page);

// Behind it: rows x (u64 row, image).
struct ChunkHeader {
  uint64_t incarnation = 0;
  uint64_t epoch = 0;
  uint64_t seq = 0;    // of the chunk in its epoch, from 0
  uint64_t group = 0;  // how often the journal was synced in this epoch before it
  uint32_t rows = 0;
  uint32_t image_bytes = 0;

  uint64_t entry_bytes() const { return 8 + uint64_t{image_bytes}; }
  uint64_t payload_bytes() const { return rows * entry_bytes(); }  // peek_chunk() gives none that overflows
  uint64_t bytes() const { return kChunkHeaderBytes + payload_bytes(); }
};

// Writes the header of a chunk, and its sum, in front of a payload that stands in its place already. `chunk` has
// header.bytes().
void seal_chunk(const ChunkHeader& header, const std::array<uint8_t, 16>& uuid, std::span<uint8_t> chunk);

// The header of what may be a chunk, from its first kChunkHeaderBytes. Nothing unless its fields agree with each other.
std::optional<ChunkHeader> peek_chunk(std::span<const uint8_t> bytes);
// Whether a chunk of header.bytes() is what was sealed.
bool is_whole_chunk(std::span<const uint8_t> chunk, const std::array<uint8_t, 16>& uuid);

}  // namespace windrow
