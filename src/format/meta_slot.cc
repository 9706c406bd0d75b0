#include "format/meta_slot.h"

#include <xxhash.h>

#include <algorithm>
#include <string_view>

#include "base/bytes.h"
#include "base/fail.h"

namespace windrow {

namespace {

constexpr std::string_view kMagic = "WINDROW1";
constexpr uint32_t kVersion = 1;
constexpr uint32_t kKnownReaderFeatures = 0;
constexpr uint32_t kCleanFlag = 1, kMixedFlag = 2;

// Where each field of a slot begins; FORMAT.md, "A slot".
enum At : size_t {
  kAtMagic = 0,
  kAtVersion = 8,
  kAtFlags = 12,
  kAtUuid = 16,
  kAtGeneration = 32,
  kAtCommittedEpoch = 40,
  kAtIncarnation = 48,
  kAtBootId = 56,
  kAtLayout = 72,
  kAtLevel = 76,
  kAtRowsInUse = 80,
  kAtOptimizerId = 88,
  kAtStepCount = 96,
  kAtJournalChunks = 104,
  kAtChecksumBlockBytes = 112,
  kAtTagBytes = 116,
  kAtTag = 120,
  kAtReaderFeatures = 376,
  kAtWriterFeatures = 380,
  kAtRowFormatId = 384,
  kAtDim = 388,
  kAtScaleBlock = 392,
  kAtScaleType = 396,
  kAtScalePlace = 397,
  kAtContent = 400,
  kAtSum = 508,
};

}  // namespace

uint32_t sum32(std::span<const uint8_t> bytes) {
  return static_cast<uint32_t>(XXH3_64bits(bytes.data(), bytes.size()));
}

std::array<uint8_t, kSlotBytes> encode_slot(const MetaSlot& slot) {
  std::array<uint8_t, kSlotBytes> bytes{};
  uint8_t* const at = bytes.data();
  std::copy(kMagic.begin(), kMagic.end(), at + kAtMagic);
  store(at + kAtVersion, slot.version);
  store(at + kAtFlags, (slot.clean ? kCleanFlag : 0) | (slot.mixed ? kMixedFlag : 0));
  std::copy(slot.uuid.begin(), slot.uuid.end(), at + kAtUuid);
  store(at + kAtGeneration, slot.generation);
  store(at + kAtCommittedEpoch, slot.committed_epoch);
  store(at + kAtIncarnation, slot.incarnation);
  std::copy(slot.boot_id.begin(), slot.boot_id.end(), at + kAtBootId);
  store(at + kAtLayout, slot.layout);
  store(at + kAtLevel, static_cast<uint8_t>(slot.level));
  store(at + kAtRowsInUse, slot.rows_in_use);
  store(at + kAtOptimizerId, slot.optimizer_id);
  store(at + kAtStepCount, slot.step_count);
  store(at + kAtJournalChunks, slot.journal_chunks);
  store(at + kAtChecksumBlockBytes, slot.checksum_block_bytes);
  const size_t tag_bytes =
      std::min(slot.tag.size(), kMaxTagBytes);  // callers have checked; never write beyond
  store(at + kAtTagBytes, static_cast<uint16_t>(tag_bytes));
  std::copy_n(slot.tag.begin(), tag_bytes, at + kAtTag);
  store(at + kAtReaderFeatures, slot.reader_features);
  store(at + kAtWriterFeatures, slot.writer_features);
  store(at + kAtRowFormatId, slot.row_format_id);
  store(at + kAtDim, slot.dim);
  store(at + kAtScaleBlock, slot.scale_block);
  store(at + kAtScaleType, slot.scale_type);
  store(at + kAtScalePlace, slot.scale_place);
  store(at + kAtContent, slot.content);
  store(at + kAtSum, sum32(std::span(bytes).first(kAtSum)));
  return bytes;
}

std::optional<MetaSlot> decode_slot(std::span<const uint8_t> bytes, int number) {
  if (bytes.size() < kSlotBytes) return std::nullopt;
  const uint8_t* const at = bytes.data();
  if (!std::equal(kMagic.begin(), kMagic.end(), at + kAtMagic)) return std::nullopt;
  if (load<uint32_t>(at + kAtSum) != sum32(bytes.first(kAtSum))) return std::nullopt;

  MetaSlot slot;
  slot.generation = load<uint64_t>(at + kAtGeneration);
  if (slot.generation % 2 != static_cast<uint64_t>(number)) return std::nullopt;
  slot.version = load<uint32_t>(at + kAtVersion);
  slot.reader_features = load<uint32_t>(at + kAtReaderFeatures);
  // What stands elsewhere in another version is not known here; current_slot() refuses it by its number.
  if (slot.version != kVersion) return slot;

  const size_t tag_bytes = load<uint16_t>(at + kAtTagBytes);
  const uint8_t level = at[kAtLevel];
  if (tag_bytes > kMaxTagBytes || level > static_cast<uint8_t>(DurabilityLevel::kPower)) return std::nullopt;
  const uint32_t flags = load<uint32_t>(at + kAtFlags);
  slot.clean = (flags & kCleanFlag) != 0;
  slot.mixed = (flags & kMixedFlag) != 0;
  std::copy_n(at + kAtUuid, slot.uuid.size(), slot.uuid.begin());
  slot.committed_epoch = load<uint64_t>(at + kAtCommittedEpoch);
  slot.incarnation = load<uint64_t>(at + kAtIncarnation);
  std::copy_n(at + kAtBootId, slot.boot_id.size(), slot.boot_id.begin());
  slot.layout = load<uint32_t>(at + kAtLayout);
  slot.level = static_cast<DurabilityLevel>(level);
  slot.rows_in_use = load<uint64_t>(at + kAtRowsInUse);
  slot.optimizer_id = load<uint32_t>(at + kAtOptimizerId);
  slot.step_count = load<uint64_t>(at + kAtStepCount);
  slot.journal_chunks = load<uint64_t>(at + kAtJournalChunks);
  slot.checksum_block_bytes = load<uint32_t>(at + kAtChecksumBlockBytes);
  slot.tag.assign(reinterpret_cast<const char*>(at + kAtTag), tag_bytes);
  slot.writer_features = load<uint32_t>(at + kAtWriterFeatures);
  slot.row_format_id = load<uint32_t>(at + kAtRowFormatId);
  slot.dim = load<uint32_t>(at + kAtDim);
  slot.scale_block = load<uint32_t>(at + kAtScaleBlock);
  slot.scale_type = at[kAtScaleType];
  slot.scale_place = at[kAtScalePlace];
  slot.content = load<uint64_t>(at + kAtContent);
  return slot;
}

Result<void> check_known(const MetaSlot& slot) {
  if (slot.version != kVersion) {
    return fail(ErrorCode::kVersion, "`_meta` has version ", slot.version, ", this Windrow knows version ",
                kVersion, ": use the Windrow that wrote the table, or a newer one");
  }
  if (const uint32_t unknown = slot.reader_features & ~kKnownReaderFeatures) {
    return fail(ErrorCode::kVersion, "the table needs features that this Windrow does not know (bits ",
                unknown, " of the reader features in `_meta`): use a newer Windrow");
  }
  return {};
}

Result<MetaSlot> current_slot(std::span<const uint8_t> meta) {
  if (meta.size() != kMetaBytes) {
    return fail(ErrorCode::kMetaCorrupt, "`_meta` has ", meta.size(), " bytes instead of ", kMetaBytes);
  }
  std::optional<MetaSlot> current;
  for (const int number : {0, 1}) {
    auto slot = decode_slot(meta.subspan(static_cast<size_t>(number) * kSlotPage, kSlotBytes), number);
    if (slot && (!current || slot->generation > current->generation)) current = std::move(slot);
  }
  if (!current) {
    return fail(ErrorCode::kMetaCorrupt,
                "neither slot of `_meta` is valid: the file is damaged, restore it from a copy");
  }
  if (auto known = check_known(*current); !known) return tl::make_unexpected(known.error());
  return std::move(*current);
}

std::vector<int> damaged_slots(std::span<const uint8_t> meta) {
  std::vector<int> damaged;
  for (const int number : {0, 1}) {
    const auto bytes = meta.subspan(static_cast<size_t>(number) * kSlotPage, kSlotBytes);
    const bool is_empty = std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
    if (!is_empty && !decode_slot(bytes, number)) damaged.push_back(number);
  }
  return damaged;
}

}  // namespace windrow
