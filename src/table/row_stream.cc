#include "table/row_stream.h"

#include <algorithm>

#include "base/prefetch.h"
#include "kernels/dispatch.h"
#include "table/page_in.h"

namespace windrow {

RowStream::RowStream(const TableData& table, Ids ids, size_t begin, size_t end, const Options& options)
    : table_(table),
      ids_(ids),
      position_(begin),
      end_(end),
      paged_(begin),
      options_(options),
      apart_(table.format.scale_place == RowFormat::ScalePlace::kApart),
      base_(table.segments.size() == 1 ? table.segments[0].base : nullptr) {
  refill();
  // The first rows have nobody before them to prefetch them.
  const size_t bytes = table.format.row_bytes();
  for (size_t i = 0; i < std::min(options_.ahead, tail_); ++i) {
    prefetch_range(rows_[i], bytes);
    if (apart_) prefetch_range(scales_[i], 1);
  }
  if (all_located() && tail_ <= options_.ahead) options_.ahead = 0;  // a small request is all on its way
}

// Every position is a row.
template <class Id>
void RowStream::locate(const Id* ids, size_t room) {
  const size_t count = std::min(room, end_ - position_);
  const size_t stride = table_.format.stride_bytes;
  const Id* from = ids + position_;
  const uint8_t** to = rows_.data() + tail_;
  if (base_) {
    const uint8_t* const base = base_;  // in a register: the addresses written might be this one
    for (size_t i = 0; i < count; ++i)
      to[i] = base + static_cast<size_t>(static_cast<int64_t>(from[i])) * stride;
    if (apart_) {
      const Segment& segment = table_.segments[0];
      for (size_t i = 0; i < count; ++i) scales_[tail_ + i] = segment.scales_of(from[i]);
    }
  } else {
    for (size_t i = 0; i < count; ++i) {
      const Segment& segment = table_.segment_of(from[i]);
      const int64_t row = from[i] - segment.first_row;
      to[i] = segment.base + static_cast<size_t>(row) * stride;
      if (apart_) scales_[tail_ + i] = segment.scales_of(row);
    }
  }
  if (options_.weights) std::copy_n(options_.weights + position_, count, weights_.data() + tail_);
  position_ += count;
  tail_ += count;
}

// Some positions are not: they are left out, or stand for another row.
template <class Id>
void RowStream::locate_used(const Id* ids, size_t room) {
  if (base_ && !options_.unused_row) return compact(ids, room);
  const IdFilter& filter = options_.filter;
  for (const size_t full = tail_ + room; tail_ < full && position_ < end_; ++position_) {
    const int64_t id = ids[position_];
    const bool used = filter.used(id);
    if (!used && !options_.unused_row) continue;
    if (used) {
      const Segment& segment = table_.segment_of(id);
      const int64_t row = id - segment.first_row;
      rows_[tail_] = segment.base + static_cast<size_t>(row) * table_.format.stride_bytes;
      if (apart_) scales_[tail_] = segment.scales_of(row);
    } else {
      rows_[tail_] = options_.unused_row;
      if (apart_) scales_[tail_] = options_.unused_scales;
    }
    if (options_.weights) weights_[tail_] = options_.weights[position_];
    ++tail_;
  }
}

// Leaves positions out without a branch for each: an address that is not wanted is written over by the next.
template <class Id>
void RowStream::compact(const Id* ids, size_t room) {
  const IdFilter filter = options_.filter;  // in registers, as the base is
  const uint8_t* const base = base_;
  const Segment& segment = table_.segments[0];
  const size_t stride = table_.format.stride_bytes;
  for (const size_t full = tail_ + room; tail_ < full && position_ < end_;) {
    size_t tail = tail_;
    const size_t stop = position_ + std::min(full - tail, end_ - position_);
    for (size_t i = position_; i < stop; ++i) {
      const bool used = filter.used(ids[i]);
      const int64_t id = used ? ids[i] : 0;
      rows_[tail] = base + static_cast<size_t>(id) * stride;
      if (apart_) scales_[tail] = segment.scales_of(id);
      if (options_.weights) weights_[tail] = options_.weights[i];
      tail += used;
    }
    tail_ = tail;
    position_ = stop;
  }
}

// The pages of a block are asked for while the block before it is read.
void RowStream::page_in_ahead() {
  const size_t goal = std::min(end_, position_ + 2 * kBlock);
  if (paged_ >= goal) return;
  page_in(table_, ids_, paged_, goal);
  paged_ = goal;
}

void RowStream::refill() {
  if (table_.lazy) page_in_ahead();
  std::copy(rows_.data() + head_, rows_.data() + tail_, rows_.data());
  if (apart_) std::copy(scales_.data() + head_, scales_.data() + tail_, scales_.data());
  if (options_.weights) std::copy(weights_.data() + head_, weights_.data() + tail_, weights_.data());
  tail_ -= head_;
  head_ = 0;
  const size_t room = kBlock + options_.ahead - tail_;
  const auto locate_in = [&](const auto* ids) {
    if (options_.filter.uses_all())
      locate(ids, room);
    else
      locate_used(ids, room);
  };
  if (ids_.type == IdType::kI32)
    locate_in(static_cast<const int32_t*>(ids_.data));
  else
    locate_in(static_cast<const int64_t*>(ids_.data));
  // Behind the last row a kernel prefetches it again, instead of asking where the rows end.
  if (all_located() && tail_ > 0) {
    std::fill_n(rows_.data() + tail_, options_.ahead, rows_[tail_ - 1]);
    if (apart_) std::fill_n(scales_.data() + tail_, options_.ahead, scales_[tail_ - 1]);
  }
}

// Fewer rows at a time than a run has, if they are long.
RowStream::Run RowStream::next_whole(Run run) {
  const size_t bytes = table_.format.row_bytes(), stride = table_.format.stride_bytes;
  run.rows.count = std::min(run.rows.count, copied_.size() / bytes);
  for (size_t i = 0; i < run.rows.count; ++i) {
    if (run.rows.ahead > 0) prefetch_range(run.rows.at[i + run.rows.ahead], bytes);
    const uint8_t* const from = run.rows.at[i];
    copied_at_[i] = copied_.data() + i * bytes;
    if (from == options_.unused_row) {
      copied_at_[i] = from;
      continue;
    }
    const auto row = static_cast<int64_t>(static_cast<size_t>(from - base_) / stride);
    table_.whole->read(row, from, bytes, copied_.data() + i * bytes);
  }
  run.rows.at = copied_at_.data();
  run.rows.ahead = 0;
  head_ += run.rows.count;
  return run;
}

RowStream::Run RowStream::next(size_t wanted) {
  if (position_ < end_ && tail_ - head_ <= options_.ahead) refill();
  const size_t ready = position_ < end_ ? tail_ - head_ - options_.ahead : tail_ - head_;
  const Run run{{&rows_[head_], apart_ ? &scales_[head_] : nullptr, std::min({wanted, ready, options_.max_run}),
           options_.ahead, options_.half_lines},
          options_.weights ? &weights_[head_] : nullptr};
  if (table_.whole) [[unlikely]]
    return next_whole(run);
  head_ += run.rows.count;
  return run;
}

RowStream::Options reading(const TableData& table, const IdFilter& filter) {
  constexpr size_t kLinesInFlight = 160;  // bench/README.md, "Prefetch"
  constexpr uint64_t kInCacheBytes = 2 << 20;
  constexpr uint64_t kFromMemoryBytes = 64 << 20;
  RowStream::Options options;
  options.filter = filter;
  const RowFormat& format = table.format;
  const uint64_t table_bytes = static_cast<uint64_t>(table.rows) * format.stride_bytes;
  if (table_bytes <= kInCacheBytes) return options;
  options.half_lines = table_bytes > kFromMemoryBytes && kernels::reads_half_lines_faster();
  size_t lines = (format.row_bytes() + kCacheLine - 1) / kCacheLine;
  if (format.scale_place == RowFormat::ScalePlace::kApart) ++lines;
  options.ahead = std::clamp<size_t>(kLinesInFlight / lines, 4, RowStream::kMaxAhead);
  // Kernels that look at the scales of all rows first must find them fetched.
  if (format.row_bytes() != format.code_bytes() || format.block > 0) options.max_run = options.ahead;
  return options;
}

}  // namespace windrow
