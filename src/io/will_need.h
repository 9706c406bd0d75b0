#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace windrow::io {

// Bytes of mappings.
struct ByteRange {
  const uint8_t* begin = nullptr;
  size_t bytes = 0;
};

// Asks the system to read the pages of these ranges, all at once and without waiting: one thread gets as much
// from a disk as dozens that wait for a page each (README, "Residency"). The ranges come in any order and may
// overlap; they are sorted and merged in place. A hint: failure is not reported.
void will_need(std::span<ByteRange> ranges);

// Its parts, for tests.

// Widens the ranges to whole pages, sorts them, merges those that touch, and returns what is left, at the front.
std::span<ByteRange> merge_pages(std::span<ByteRange> ranges, size_t page_bytes);

// process_madvise(2) on this process: returns the bytes of the leading ranges that were advised, or -1.
using AdviseMany = long (*)(std::span<const ByteRange> ranges);
// Gives all ranges to `advise`, a call's share at a time, going on behind what a call left undone. Returns the
// ranges that remain when a call is refused.
std::span<ByteRange> advise_in_batches(std::span<ByteRange> ranges, AdviseMany advise);

// Whether an errno value of that call says that the system will never take it. Others, such as too many open
// files or an address that is not mapped, concern one call.
bool is_lasting_refusal(int error);

}  // namespace windrow::io
