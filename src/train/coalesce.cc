#include "train/coalesce.h"

#include <algorithm>
#include <bit>

#include "base/fail.h"
#include "base/parallel.h"
#include "train/chunks.h"

namespace windrow {

namespace {

// Below this many ids the four passes of the sort take less time than waking threads for each
// (bench/step_bench.cc, steps of 4096 ids).
constexpr size_t kParallelFrom = 16384;

// Calls body(position) for the positions of [begin, end) that are used.
template <class Id, class Body>
void for_each_used(const IdFilter& filter, const Id* ids, size_t begin, size_t end, const Body& body) {
  if (filter.uses_all()) {
    for (size_t i = begin; i < end; ++i) body(i);
  } else {
    for (size_t i = begin; i < end; ++i) {
      if (filter.used(ids[i])) body(i);
    }
  }
}

template <class Id>
void fill_keys(const Positions& from, const Id* ids, Chunk chunk, int source_bits, uint64_t* keys) {
  const auto key = [=](size_t i, uint64_t source) {
    return static_cast<uint64_t>(ids[i]) << source_bits | source;
  };
  if (from.bag_bounds.empty()) {
    for_each_used(from.filter, ids, chunk.begin, chunk.end, [&](size_t i) { *keys++ = key(i, i); });
    return;
  }
  const auto& bounds = from.bag_bounds;
  auto bag = static_cast<size_t>(
      std::upper_bound(bounds.begin(), bounds.end(), static_cast<int64_t>(chunk.begin)) - bounds.begin() - 1);
  for (size_t i = chunk.begin; i < chunk.end; ++bag) {
    const size_t end = std::min(chunk.end, static_cast<size_t>(bounds[bag + 1]));
    for_each_used(from.filter, ids, i, end, [&](size_t used) { *keys++ = key(used, bag); });
    i = end;
  }
}

}  // namespace

Result<void> Coalescer::reserve(const Positions& positions, int64_t table_rows, int threads) {
  const size_t count = positions.ids.count;
  const bool by_bag = !positions.bag_bounds.empty();
  const uint64_t sources = by_bag ? positions.bag_bounds.size() - 1 : count;
  source_bits_ = sources > 1 ? std::bit_width(sources - 1) : 0;
  source_mask_ = (uint64_t{1} << source_bits_) - 1;
  row_bits_ = table_rows > 1 ? std::bit_width(static_cast<uint64_t>(table_rows - 1)) : 0;
  if (row_bits_ + source_bits_ > 64) {
    return fail(ErrorCode::kInvalidArgument, "a step with ", sources, by_bag ? " bags" : " ids", " on ",
                table_rows, " rows is too large to sort; split it into steps of at most ",
                uint64_t{1} << (64 - row_bits_));
  }
  grow(keys_, count);
  grow(spare_, count);
  grow(bounds_, count + 1);
  grow(thread_counts_, static_cast<size_t>(threads) + 1);
  sort_.reserve(row_bits_, threads);
  return {};
}

void Coalescer::run(const Positions& positions, int threads) {
  if (positions.ids.count < kParallelFrom) threads = 1;
  make_keys(positions, threads);
  sort_.sort(keys_, spare_, occurrences_, source_bits_, row_bits_, threads);
  find_rows(threads);
}

void Coalescer::keep(std::span<const uint8_t> keep) {
  size_t kept = 0;
  for (size_t k = 0; k < occurrences_; ++k) {
    if (keep[source(k)]) keys_[kept++] = keys_[k];
  }
  occurrences_ = kept;
  find_rows(1);
}

void Coalescer::make_keys(const Positions& positions, int threads) {
  const auto with_type = [&](const auto* ids) {
    const size_t count = positions.ids.count;
    // How many keys each thread makes, hence where it begins. Without padding that is known beforehand.
    const int counters = positions.filter.uses_all() ? 1 : threads;
    parallel(counters, [&](int counter) {
      for (int t = counter; t < threads; t += counters) {
        const Chunk chunk = chunk_of(t, threads, count);
        thread_counts_[static_cast<size_t>(t) + 1] =
            static_cast<size_t>(positions.filter.count(positions.ids, chunk.begin, chunk.end));
      }
    });
    sum_up(threads);
    parallel(threads, [&](int t) {
      uint64_t* keys = keys_.data() + thread_counts_[static_cast<size_t>(t)];
      fill_keys(positions, ids, chunk_of(t, threads, count), source_bits_, keys);
    });
  };
  if (positions.ids.type == IdType::kI32)
    with_type(static_cast<const int32_t*>(positions.ids.data));
  else
    with_type(static_cast<const int64_t*>(positions.ids.data));
  occurrences_ = thread_counts_[static_cast<size_t>(threads)];
}

// Turns what each thread counted into where each thread begins, and the total behind the last.
void Coalescer::sum_up(int threads) {
  thread_counts_[0] = 0;
  for (size_t t = 0; t < static_cast<size_t>(threads); ++t) thread_counts_[t + 1] += thread_counts_[t];
}

void Coalescer::find_rows(int threads) {
  const uint64_t* keys = keys_.data();
  const auto starts_row = [=, this](size_t i) {
    return i == 0 || (keys[i] ^ keys[i - 1]) >> source_bits_ != 0;
  };
  if (threads == 1) {
    // Without a branch, which could not be foreseen: what is no start is written over by the next.
    rows_ = 0;
    for (size_t i = 0; i < occurrences_; ++i) {
      bounds_[rows_] = static_cast<int64_t>(i);
      rows_ += starts_row(i);
    }
    bounds_[rows_] = static_cast<int64_t>(occurrences_);
    return;
  }
  parallel(threads, [&](int t) {
    const Chunk chunk = chunk_of(t, threads, occurrences_);
    size_t starts = 0;
    for (size_t i = chunk.begin; i < chunk.end; ++i) starts += starts_row(i);
    thread_counts_[static_cast<size_t>(t) + 1] = starts;
  });
  sum_up(threads);
  parallel(threads, [&](int t) {
    const Chunk chunk = chunk_of(t, threads, occurrences_);
    int64_t* bound = bounds_.data() + thread_counts_[static_cast<size_t>(t)];
    for (size_t i = chunk.begin; i < chunk.end; ++i) {
      if (starts_row(i)) *bound++ = static_cast<int64_t>(i);
    }
  });
  rows_ = thread_counts_[static_cast<size_t>(threads)];
  bounds_[rows_] = static_cast<int64_t>(occurrences_);
}

}  // namespace windrow
