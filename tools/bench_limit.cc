#include "bench_limit.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/parallel.h"
#include "kernels/read_sum.h"

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

// Reads a range with all threads, `passes` times; nanoseconds. In each pass a thread reads another of as many
// slices as there are threads, so that its own cache must hold the whole range, as for lookups in it.
double read_passes(kernels::ReadSumFn sum, const uint8_t* begin, size_t bytes, int threads, size_t passes) {
  const auto slices = static_cast<size_t>(threads);
  const size_t slice = (bytes / slices + kLine - 1) / kLine * kLine;
  std::vector<uint64_t> sums(slices);
  const auto start = Clock::now();
  parallel(threads, [&](int thread) {
    uint64_t total = 0;
    for (size_t pass = 0; pass < passes; ++pass) {
      const size_t s = (static_cast<size_t>(thread) + pass) % slices;
      const size_t from = std::min(bytes, s * slice);
      total += sum(begin + from, s + 1 == slices ? bytes - from : std::min(bytes - from, slice));
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

SequentialRead::SequentialRead(const void* rows, size_t bytes, int threads)
    : begin_(static_cast<const uint8_t*>(rows)), bytes_(bytes), threads_(threads) {
  // The rows of a foreign file may start anywhere; reading starts at the next cache line.
  const size_t skip = std::min(bytes_, (kLine - reinterpret_cast<uintptr_t>(begin_) % kLine) % kLine);
  begin_ += skip;
  bytes_ -= skip;
}

void SequentialRead::touch() const {
  if (bytes_ > 0) read_passes(kernels::read_sum(kernels::ReadPattern::kPlain), begin_, bytes_, threads_, 1);
}

void SequentialRead::measure() {
  if (bytes_ < kLine) return;
  const size_t stretch = std::min(kStretch, bytes_);
  const size_t passes = passes_over(stretch);
  if (next_ + stretch > bytes_) next_ = 0;
  for (const auto pattern :
       {kernels::ReadPattern::kPlain, kernels::ReadPattern::kUnrolled, kernels::ReadPattern::kPrefetched}) {
    const kernels::ReadSumFn sum = kernels::read_sum(pattern);
    double elapsed = 0;
    double bytes = 0;
    while (elapsed < kMinNanoseconds) {
      elapsed += read_passes(sum, begin_ + next_, stretch, threads_, passes);
      bytes += static_cast<double>(stretch * passes);
    }
    best_ = std::max(best_, bytes / elapsed);
  }
  next_ += stretch / kLine * kLine;
}

}  // namespace windrow::tools
