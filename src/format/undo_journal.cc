#include "format/undo_journal.h"

#include <xxhash.h>

#include <algorithm>
#include <string_view>

#include "base/bytes.h"
#include "base/checked.h"
#include "format/meta_slot.h"

namespace windrow {

namespace {

constexpr std::string_view kMagic = "WINDUNDO";
constexpr uint32_t kVersion = 1;
constexpr uint32_t kChunkMagic = 0x31435557;  // "WUC1"
constexpr uint32_t kKindRows = 0;
constexpr uint64_t kMaxPayload = uint64_t{1} << 48;  // far below what would overflow

// Where each field of the header begins; FORMAT.md, "Journals".
enum At : size_t {
  kAtMagic = 0,
  kAtVersion = 8,
  kAtNumber = 12,
  kAtUuid = 16,
  kAtIncarnation = 32,
  kAtLayout = 40,
  kAtImageBytes = 44,
  kAtSum = 48,
};

// The same of a chunk.
enum ChunkAt : size_t {
  kChunkAtSum = 0,
  kChunkAtMagic = 4,
  kChunkAtIncarnation = 8,
  kChunkAtEpoch = 16,
  kChunkAtSeq = 24,
  kChunkAtGroup = 32,
  kChunkAtRows = 40,
  kChunkAtImageBytes = 44,
  kChunkAtPayloadBytes = 48,
  kChunkAtKind = 56,
  kChunkAtTable = 60,
};

// Of all bytes behind the sum, seeded by the uuid: a chunk of another table, or of another life of this one, does not fit.
uint32_t sum_of_chunk(std::span<const uint8_t> chunk, const std::array<uint8_t, 16>& uuid) {
  const auto rest = chunk.subspan(kChunkAtMagic);
  const XXH64_hash_t seed = XXH3_64bits(uuid.data(), uuid.size());
  return static_cast<uint32_t>(XXH3_64bits_withSeed(rest.data(), rest.size(), seed));
}

}  // namespace

std::array<uint8_t, kJournalPage> encode_journal_header(const JournalHeader& header) {
  std::array<uint8_t, kJournalPage> page{};
  uint8_t* const at = page.data();
  std::copy(kMagic.begin(), kMagic.end(), at + kAtMagic);
  store(at + kAtVersion, kVersion);
  store(at + kAtNumber, header.number);
  std::copy(header.uuid.begin(), header.uuid.end(), at + kAtUuid);
  store(at + kAtIncarnation, header.incarnation);
  store(at + kAtLayout, header.layout);
  store(at + kAtImageBytes, header.image_bytes);
  store(at + kAtSum, sum32(std::span(page).first(kAtSum)));
  return page;
}

std::optional<JournalHeader> decode_journal_header(std::span<const uint8_t> page) {
  if (page.size() < kJournalPage) return std::nullopt;
  const uint8_t* const at = page.data();
  if (!std::equal(kMagic.begin(), kMagic.end(), at + kAtMagic)) return std::nullopt;
  if (load<uint32_t>(at + kAtVersion) != kVersion) return std::nullopt;
  if (load<uint32_t>(at + kAtSum) != sum32(page.first(kAtSum))) return std::nullopt;
  JournalHeader header;
  header.number = load<uint32_t>(at + kAtNumber);
  std::copy_n(at + kAtUuid, header.uuid.size(), header.uuid.begin());
  header.incarnation = load<uint64_t>(at + kAtIncarnation);
  header.layout = load<uint32_t>(at + kAtLayout);
  header.image_bytes = load<uint32_t>(at + kAtImageBytes);
  return header;
}

void seal_chunk(const ChunkHeader& header, const std::array<uint8_t, 16>& uuid, std::span<uint8_t> chunk) {
  uint8_t* const at = chunk.data();
  store(at + kChunkAtMagic, kChunkMagic);
  store(at + kChunkAtIncarnation, header.incarnation);
  store(at + kChunkAtEpoch, header.epoch);
  store(at + kChunkAtSeq, header.seq);
  store(at + kChunkAtGroup, header.group);
  store(at + kChunkAtRows, header.rows);
  store(at + kChunkAtImageBytes, header.image_bytes);
  store(at + kChunkAtPayloadBytes, header.payload_bytes());
  store(at + kChunkAtKind, kKindRows);
  store(at + kChunkAtTable, uint32_t{0});
  store(at + kChunkAtSum, sum_of_chunk(chunk, uuid));
}

std::optional<ChunkHeader> peek_chunk(std::span<const uint8_t> bytes) {
  if (bytes.size() < kChunkHeaderBytes) return std::nullopt;
  const uint8_t* const at = bytes.data();
  if (load<uint32_t>(at + kChunkAtMagic) != kChunkMagic) return std::nullopt;
  ChunkHeader header;
  header.incarnation = load<uint64_t>(at + kChunkAtIncarnation);
  header.epoch = load<uint64_t>(at + kChunkAtEpoch);
  header.seq = load<uint64_t>(at + kChunkAtSeq);
  header.group = load<uint64_t>(at + kChunkAtGroup);
  header.rows = load<uint32_t>(at + kChunkAtRows);
  header.image_bytes = load<uint32_t>(at + kChunkAtImageBytes);
  const auto payload_bytes = checked_mul(header.rows, header.entry_bytes());
  const bool agree = header.rows > 0 && payload_bytes && *payload_bytes <= kMaxPayload &&
                     load<uint64_t>(at + kChunkAtPayloadBytes) == *payload_bytes &&
                     load<uint32_t>(at + kChunkAtKind) == kKindRows &&
                     load<uint32_t>(at + kChunkAtTable) == 0;
  if (!agree) return std::nullopt;
  return header;
}

bool is_whole_chunk(std::span<const uint8_t> chunk, const std::array<uint8_t, 16>& uuid) {
  return chunk.size() >= kChunkHeaderBytes &&
         load<uint32_t>(chunk.data() + kChunkAtSum) == sum_of_chunk(chunk, uuid);
}

}  // namespace windrow
