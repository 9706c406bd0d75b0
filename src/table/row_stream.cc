#include "table/row_stream.h"

#include <algorithm>

#include "base/prefetch.h"

namespace windrow {

RowStream::RowStream(const TableData& table, Ids ids, size_t begin, size_t end, const Options& options)
    : table_(table),
      ids_(ids),
      position_(begin),
      end_(end),
      options_(options),
      base_(table.segments.size() == 1 ? table.segments[0].base : nullptr),
      stride_(table.format.stride_bytes) {
  refill();
  // The first rows have nobody before them to prefetch them.
  const size_t bytes = table.format.row_bytes();
  for (size_t i = 0; i < std::min(options_.ahead, tail_); ++i) prefetch_range(rows_[i], bytes);
}

const uint8_t* RowStream::address(int64_t id) const {
  return base_ ? base_ + static_cast<size_t>(id) * stride_ : table_.row(id);
}

template <class Id>
void RowStream::locate(const Id* ids, size_t room) {
  if (!options_.padding_id && base_) {  // the common case, in a loop without branches
    const size_t count = std::min(room, end_ - position_);
    for (size_t i = 0; i < count; ++i) {
      rows_[tail_ + i] = base_ + static_cast<size_t>(static_cast<int64_t>(ids[position_ + i])) * stride_;
    }
    if (options_.weights) std::copy_n(options_.weights + position_, count, &weights_[tail_]);
    position_ += count;
    tail_ += count;
    return;
  }
  for (; room > 0 && position_ < end_; ++position_) {
    const int64_t id = ids[position_];
    if (options_.padding_id && id == *options_.padding_id) {
      if (!options_.padding_row) continue;
      rows_[tail_] = options_.padding_row;
    } else {
      rows_[tail_] = address(id);
    }
    if (options_.weights) weights_[tail_] = options_.weights[position_];
    ++tail_;
    --room;
  }
}

void RowStream::refill() {
  std::copy(&rows_[head_], &rows_[tail_], rows_.data());
  if (options_.weights) std::copy(&weights_[head_], &weights_[tail_], weights_.data());
  tail_ -= head_;
  head_ = 0;
  const size_t room = kBlock + options_.ahead - tail_;
  if (ids_.type == IdType::kI32)
    locate(static_cast<const int32_t*>(ids_.data), room);
  else
    locate(static_cast<const int64_t*>(ids_.data), room);
  // Behind the last row a kernel prefetches it again, instead of asking where the rows end.
  if (position_ == end_ && tail_ > 0) std::fill_n(&rows_[tail_], options_.ahead, rows_[tail_ - 1]);
}

RowStream::Run RowStream::next(size_t wanted) {
  if (position_ < end_ && tail_ - head_ <= options_.ahead) refill();
  const size_t ready = position_ < end_ ? tail_ - head_ - options_.ahead : tail_ - head_;
  const Run run{&rows_[head_], options_.weights ? &weights_[head_] : nullptr, std::min(wanted, ready)};
  head_ += run.count;
  return run;
}

size_t rows_ahead(const TableData& table) {
  constexpr size_t kLinesInFlight = 256;
  constexpr size_t kInCacheBytes = 2 << 20;
  const size_t bytes = table.format.row_bytes();
  if (static_cast<size_t>(table.rows) * table.format.stride_bytes <= kInCacheBytes) return 0;
  const size_t lines = (bytes + kCacheLine - 1) / kCacheLine;
  return std::clamp<size_t>(kLinesInFlight / lines, 4, RowStream::kMaxAhead);
}

}  // namespace windrow
