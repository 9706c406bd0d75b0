// The input is slot 0 of `_meta`, then slot 1; what is missing is zeros. It is tried as it is, and with sums
// that fit: no fuzzer guesses a hash.

#include <algorithm>
#include <vector>

#include "base/bytes.h"
#include "format/meta_slot.h"
#include "fuzz/require.h"

using namespace windrow;

namespace {

void check(const std::vector<uint8_t>& meta) {
  const auto current = current_slot(meta);
  std::optional<MetaSlot> slots[2];
  for (const int number : {0, 1}) {
    slots[number] =
        decode_slot(std::span(meta).subspan(static_cast<size_t>(number) * kSlotPage, kSlotBytes), number);
  }
  if (!slots[0] && !slots[1]) WINDROW_REQUIRE(!current && current.error().code == ErrorCode::kMetaCorrupt);
  if (!current) return;
  const auto number = static_cast<int>(current->generation % 2);
  WINDROW_REQUIRE(slots[number] && slots[number]->generation == current->generation);
  WINDROW_REQUIRE(!slots[1 - number] || slots[1 - number]->generation < current->generation);
  WINDROW_REQUIRE(current->tag.size() <= 256);

  // What was understood is written and read again without change.
  const auto written = encode_slot(*current);
  const auto again = decode_slot(written, number);
  WINDROW_REQUIRE(again.has_value() && again->tag == current->tag && encode_slot(*again) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<uint8_t> meta(kMetaBytes);
  for (size_t number = 0; number < 2; ++number) {
    const size_t from = std::min(size, number * kSlotBytes);
    const size_t bytes = std::min(size - from, size_t{kSlotBytes});
    std::copy_n(data + from, bytes, meta.data() + number * kSlotPage);
  }
  check(meta);
  for (size_t number = 0; number < 2; ++number) {
    uint8_t* const slot = meta.data() + number * kSlotPage;
    constexpr size_t kAtSum = kSlotBytes - sizeof(uint32_t);
    store(slot + kAtSum, sum32({slot, kAtSum}));
  }
  check(meta);
  return 0;
}
