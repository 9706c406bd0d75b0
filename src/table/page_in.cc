#include "table/page_in.h"

#include <algorithm>
#include <array>
#include <memory>
#include <new>

#include "io/will_need.h"

namespace windrow {

namespace {

// The more ranges are sorted together, the fewer pages are asked for twice, and the longer a disk can read
// upwards. A lookup asks for a block at a time, which needs no memory of its own.
constexpr size_t kFewRanges = 512;
constexpr size_t kMostRanges = size_t{1} << 18;  // 4 MiB of scratch

}  // namespace

void page_in(const TableData& table, Ids ids, size_t begin, size_t end) {
  if (begin >= end || table.rows == 0) return;
  const bool apart = table.format.scale_place == RowFormat::ScalePlace::kApart;
  const size_t per_row = apart ? 2 : 1;
  std::array<io::ByteRange, kFewRanges> few;
  std::unique_ptr<io::ByteRange[]> many;
  std::span<io::ByteRange> room = few;
  if (end - begin > kFewRanges / per_row) {
    const size_t wanted = std::min(end - begin, kMostRanges / per_row) * per_row;
    many.reset(new (std::nothrow) io::ByteRange[wanted]);
    if (many) room = {many.get(), wanted};  // without it, in smaller portions
  }
  const size_t row_bytes = table.format.row_bytes(), scale_bytes = table.format.scale_bytes();
  size_t used = 0;
  for (size_t i = begin; i < end; ++i) {
    const int64_t id = ids[i];
    if (static_cast<uint64_t>(id) >= static_cast<uint64_t>(table.rows)) continue;
    const Segment& segment = table.segment_of(id);
    const int64_t row = id - segment.first_row;
    room[used++] = {segment.base + static_cast<size_t>(row) * table.format.stride_bytes, row_bytes};
    if (apart) room[used++] = {segment.scales_of(row), scale_bytes};
    if (used + per_row > room.size()) {
      io::will_need(room.first(used));
      used = 0;
    }
  }
  if (used > 0) io::will_need(room.first(used));
}

}  // namespace windrow
