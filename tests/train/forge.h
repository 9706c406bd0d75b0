#pragma once

#include <functional>
#include <string>

#include "delta/delta_format.h"
#include "format/checksum.h"
#include "table/check_blocks.h"
#include "train/refresh_checksums.h"
#include "train/train_fixture.h"

// Files that are not what they say, and whose sums fit all the same: nothing but a look at what they say finds out.

// Changes the slot that counts.
inline void change_slot(const std::string& path, const std::function<void(windrow::MetaSlot&)>& change) {
  auto file = windrow::open_table_file(windrow::io::posix(), path, windrow::io::Access::kWrite, "weight");
  REQUIRE(file);
  REQUIRE(file->is_windrow());
  windrow::MetaSlot slot = *file->slot;
  change(slot);
  REQUIRE(windrow::write_slot(*file, slot));
}

// Changes the slot that stands at a byte of a file, if one does.
inline void change_slot_at(windrow::io::File& file, uint64_t at, const std::function<void(windrow::MetaSlot&)>& change) {
  std::vector<uint8_t> bytes(windrow::kSlotBytes);
  REQUIRE(file.read(at, bytes));
  auto slot = windrow::decode_slot(bytes, 0);
  if (!slot) slot = windrow::decode_slot(bytes, 1);
  if (!slot) return;
  change(*slot);
  REQUIRE(file.write(at, windrow::encode_slot(*slot)));
}

// Computes the checksums of a delta anew.
inline void mend_checksums(windrow::DataFile& delta) {
  const auto sums = windrow::checksummed_tensors(delta, windrow::kChecksumBlockBytes);
  REQUIRE(sums);
  for (const auto& of : *sums) REQUIRE(windrow::refresh_checksums(*delta.file, of, [](uint64_t) { return true; }));
}

// Changes what a delta says of the table before (0) or after (1).
inline void change_end(const std::string& path, int end, const std::function<void(windrow::MetaSlot&)>& change) {
  auto data = windrow::open_data_file(windrow::io::posix(), path, windrow::io::Access::kWrite);
  REQUIRE(data);
  const auto* ends = data->header.find(windrow::kDeltaEnds);
  REQUIRE(ends);
  change_slot_at(*data->file, ends->begin + static_cast<uint64_t>(end) * windrow::kSlotBytes, change);
  mend_checksums(*data);
}

// Replaces a text in the header of a table or a delta by another of its length, and has its slots repeat the new sum.
inline void change_header(const std::string& path, const std::string& old, const std::string& text) {
  REQUIRE(old.size() == text.size());
  auto bytes = read_all(path);
  const auto at = std::search(bytes.begin(), bytes.end(), old.begin(), old.end());
  REQUIRE(at != bytes.end());
  std::copy(text.begin(), text.end(), at);
  write_all(path, bytes);
  auto data = windrow::open_data_file(windrow::io::posix(), path, windrow::io::Access::kWrite);
  REQUIRE(data);
  const auto fits = [&](windrow::MetaSlot& slot) { slot.layout = data->header_sum; };
  if (const auto* meta = data->header.find("_meta")) {
    for (const uint64_t page : {0, 1}) change_slot_at(*data->file, meta->begin + page * windrow::kSlotPage, fits);
  }
  if (const auto* ends = data->header.find(windrow::kDeltaEnds)) {
    for (const uint64_t end : {0, 1}) change_slot_at(*data->file, ends->begin + end * windrow::kSlotBytes, fits);
  }
}

// Changes the first numbers of a tensor of a delta.
inline void change_numbers(const std::string& path, const std::string& tensor, const std::vector<int64_t>& numbers) {
  auto data = windrow::open_data_file(windrow::io::posix(), path, windrow::io::Access::kWrite);
  REQUIRE(data);
  const auto* found = data->header.find(tensor);
  REQUIRE(found);
  const std::span<const uint8_t> bytes{reinterpret_cast<const uint8_t*>(numbers.data()), 8 * numbers.size()};
  REQUIRE(data->file->write(found->begin, bytes));
  mend_checksums(*data);
}
