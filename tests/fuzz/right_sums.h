#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

#include "base/bytes.h"
#include "format/checksum.h"
#include "format/meta_slot.h"
#include "format/safetensors.h"

// The bytes of a table or a delta with the sums of its slots, and its checksums, as the rest of the file wants them: so
// that damage gets past them, and to whatever stands behind.
inline std::vector<uint8_t> with_right_sums(std::vector<uint8_t> bytes) {
  using namespace windrow;
  const auto start = std::span<const uint8_t>(bytes).first(std::min<size_t>(8, bytes.size()));
  const auto header_bytes = safetensors::header_bytes(start, bytes.size());
  if (!header_bytes) return bytes;
  const auto header = safetensors::parse(std::span<const uint8_t>(bytes).first(*header_bytes), bytes.size());
  if (!header) return bytes;
  const auto mend_slot = [&](uint64_t at) {
    uint8_t* const slot = bytes.data() + at;
    store(slot + 72, sum32(std::span<const uint8_t>(bytes).first(*header_bytes)));
    store(slot + 508, sum32({slot, 508}));
  };
  for (const auto& [name, size, distance] : {std::tuple("_delta", 2 * kSlotBytes, kSlotBytes),
                                             std::tuple("_meta", kMetaBytes, kSlotPage)}) {
    const auto* slots = header->find(name);
    if (!slots || slots->end - slots->begin != size) continue;
    for (const uint64_t number : {0, 1}) mend_slot(slots->begin + number * distance);
  }
  const auto* checksum = header->find("checksum");
  if (!checksum) return bytes;
  uint64_t entry = checksum->begin;
  for (const auto& tensor : header->tensors) {
    if (!is_checksummed(tensor.name)) continue;
    for (uint64_t at = tensor.begin; at < tensor.end && entry + 8 <= checksum->end; at += kChecksumBlockBytes, entry += 8)
      store(bytes.data() + entry, block_checksum({bytes.data() + at, std::min(kChecksumBlockBytes, tensor.end - at)}));
  }
  return bytes;
}
