#pragma once

#include <windrow/error.h>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace windrow {

// `_meta` of a Windrow file: two alternating slots, each at the start of a page of its own. What changes in a
// table's life stands here; the header never changes. FORMAT.md has it byte by byte.

constexpr uint64_t kMetaBytes = 8192;
constexpr uint64_t kSlotBytes = 512;
constexpr uint64_t kSlotPage = 4096;  // slot k starts at k * kSlotPage of `_meta`

enum class DurabilityLevel : uint8_t { kNone = 0, kProcess = 1, kPower = 2 };

constexpr size_t kMaxTagBytes = 256;

struct MetaSlot {
  uint32_t version = 1;
  bool clean = true;
  bool mixed = false;
  std::array<uint8_t, 16> uuid{};
  uint64_t generation = 0;  // slot number = generation mod 2
  uint64_t committed_epoch = 0;
  uint64_t incarnation = 0;  // of the last writer
  std::array<uint8_t, 16> boot_id{};
  uint32_t layout = 0;  // sum32 of the file's header
  DurabilityLevel level = DurabilityLevel::kNone;
  uint64_t rows_in_use = 0;
  uint32_t optimizer_id = 0;  // 0: none; FORMAT.md has the others, and a newer version may give more
  uint64_t step_count = 0;
  uint64_t journal_chunks = 0;
  uint32_t checksum_block_bytes = 65536;
  std::string tag;  // at most kMaxTagBytes
  uint32_t reader_features = 0;
  uint32_t writer_features = 0;
  uint32_t row_format_id = 0;  // a RowFormat::Kind, or one that a newer version gave; so are the scales'
  uint32_t dim = 0;
  uint32_t scale_block = 0;  // columns that share a scale; 0: no scales
  uint8_t scale_type = 0;    // a RowFormat::ScaleType
  uint8_t scale_place = 0;   // a RowFormat::ScalePlace
  // Names what rows and optimiser state hold: tables with one number hold the same. 0: not known.
  uint64_t content = 0;
};

// sum32: the low 32 bits of XXH3-64, seed 0.
uint32_t sum32(std::span<const uint8_t> bytes);

std::array<uint8_t, kSlotBytes> encode_slot(const MetaSlot& slot);
// Nothing unless magic, sum and generation fit slot number `number`.
std::optional<MetaSlot> decode_slot(std::span<const uint8_t> bytes, int number);

// kVersion when the slot needs a version or a reader feature that this reader does not know.
Result<void> check_known(const MetaSlot& slot);

// The valid slot with the higher generation of `_meta` (kMetaBytes bytes). kMetaCorrupt when neither is valid;
// kVersion as check_known().
Result<MetaSlot> current_slot(std::span<const uint8_t> meta);
// The numbers of the slots of `_meta` that are neither valid nor empty (zeros).
std::vector<int> damaged_slots(std::span<const uint8_t> meta);

}  // namespace windrow
