#include "bench_limit.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/parallel.h"
#include "kernels/read_sum.h"
#include "table/table_data.h"

namespace windrow::tools {

namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kLine = 64;
constexpr size_t kStretch = size_t{256} << 20;  // beyond every cache, and over in about 10 ms
constexpr double kMinNanoseconds = 4e6;
constexpr size_t kMinBytes = size_t{16} << 20;  // beside which starting and joining threads is nothing

// What is read must be used, or the compiler may leave the reading out.
volatile uint64_t sink;

// How often a small range is read in one go.
size_t passes_over(size_t bytes) {
  return (std::max(kMinBytes, bytes) - 1) / bytes + 1;
}

using Ranges = std::vector<std::span<const uint8_t>>;

// Bytes `begin` to `end` of the ranges, counted through all of them.
uint64_t sum_of(kernels::ReadSumFn sum, const Ranges& ranges, size_t begin, size_t end) {
  uint64_t total = 0;
  for (const auto& range : ranges) {
    if (begin < range.size() && end > 0) {
      total += sum(range.data() + begin, std::min(end, range.size()) - begin);
    }
    begin -= std::min(begin, range.size());
    end -= std::min(end, range.size());
  }
  return total;
}

// Reads ranges of `bytes` bytes in all with all threads, `passes` times; nanoseconds. In each pass a thread reads
// another of as many slices as there are threads, so that its own cache must hold everything, as for lookups in it.
double read_passes(kernels::ReadSumFn sum, const Ranges& ranges, size_t bytes, int threads, size_t passes) {
  const auto slices = static_cast<size_t>(threads);
  const size_t slice = (bytes / slices + kLine - 1) / kLine * kLine;
  std::vector<uint64_t> sums(slices);
  const auto start = Clock::now();
  parallel(threads, [&](int thread) {
    uint64_t total = 0;
    for (size_t pass = 0; pass < passes; ++pass) {
      const size_t s = (static_cast<size_t>(thread) + pass) % slices;
      const size_t from = std::min(bytes, s * slice);
      total += sum_of(sum, ranges, from, s + 1 == slices ? bytes : std::min(bytes, from + slice));
    }
    sums[static_cast<size_t>(thread)] = total;
  });
  const auto elapsed = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
  uint64_t total = 0;
  for (const uint64_t s : sums) total += s;
  sink = total;
  return elapsed;
}

}  // namespace

SequentialRead::SequentialRead(const Table& table, int threads) : threads_(threads) {
  for (const Segment& segment : table.internals().segments) {
    add(segment.base, static_cast<size_t>(segment.rows) * table.format().stride_bytes);
  }
}

SequentialRead::SequentialRead(const void* rows, size_t bytes, int threads) : threads_(threads) {
  add(static_cast<const uint8_t*>(rows), bytes);
}

void SequentialRead::add(const uint8_t* begin, size_t bytes) {
  // The rows of a foreign file may start anywhere; reading starts at the next cache line.
  const size_t skip = (kLine - reinterpret_cast<uintptr_t>(begin) % kLine) % kLine;
  if (bytes < skip + kLine) return;
  ranges_.emplace_back(begin + skip, (bytes - skip) / kLine * kLine);
  bytes_ += ranges_.back().size();
}

SequentialRead::Ranges SequentialRead::stretch_at(size_t at, size_t bytes) const {
  Ranges stretch;
  for (const auto& range : ranges_) {
    const size_t skip = std::min(at, range.size());
    const size_t count = std::min(bytes, range.size() - skip);
    if (count > 0) stretch.push_back(range.subspan(skip, count));
    at -= skip;
    bytes -= count;
  }
  return stretch;
}

void SequentialRead::touch() const {
  if (bytes_ > 0) read_passes(kernels::read_sum(kernels::ReadPattern::kPlain), ranges_, bytes_, threads_, 1);
}

void SequentialRead::measure() {
  if (bytes_ == 0) return;
  const size_t bytes = std::min(kStretch, bytes_);
  const size_t passes = passes_over(bytes);
  for (const auto pattern :
       {kernels::ReadPattern::kPlain, kernels::ReadPattern::kUnrolled, kernels::ReadPattern::kPrefetched}) {
    const kernels::ReadSumFn sum = kernels::read_sum(pattern);
    const Ranges stretch = stretch_at(next_, bytes);
    double elapsed = 0;
    double read = 0;
    while (elapsed < kMinNanoseconds) {
      elapsed += read_passes(sum, stretch, bytes, threads_, passes);
      read += static_cast<double>(bytes * passes);
    }
    best_ = std::max(best_, read / elapsed);
  }
  next_ += bytes;
  if (next_ + bytes > bytes_) next_ = 0;
}

}  // namespace windrow::tools
