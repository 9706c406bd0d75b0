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

// What is read must be used, or the compiler may leave the reading out.
volatile uint64_t sink;

// Reads a range with all threads, a slice each; nanoseconds.
double read_once(kernels::ReadSumFn sum, const uint8_t* begin, size_t bytes, int threads) {
  const size_t slice = (bytes / static_cast<size_t>(threads) + kLine - 1) / kLine * kLine;
  std::vector<uint64_t> sums(static_cast<size_t>(threads));
  const auto start = Clock::now();
  parallel(threads, [&](int thread) {
    const auto t = static_cast<size_t>(thread);
    const size_t from = std::min(bytes, t * slice);
    sums[t] = sum(begin + from, t + 1 == sums.size() ? bytes - from : std::min(bytes - from, slice));
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
  read_once(kernels::read_sum(kernels::ReadPattern::kPlain), begin_, bytes_, threads_);
}

void SequentialRead::measure() {
  if (bytes_ < kLine) return;
  const size_t stretch = std::min(kStretch, bytes_);
  if (next_ + stretch > bytes_) next_ = 0;
  for (const auto pattern :
       {kernels::ReadPattern::kPlain, kernels::ReadPattern::kUnrolled, kernels::ReadPattern::kPrefetched}) {
    const kernels::ReadSumFn sum = kernels::read_sum(pattern);
    double elapsed = 0;
    double bytes = 0;
    while (elapsed < kMinNanoseconds) {  // a small table is read over and over
      elapsed += read_once(sum, begin_ + next_, stretch, threads_);
      bytes += static_cast<double>(stretch);
    }
    best_ = std::max(best_, bytes / elapsed);
  }
  next_ += stretch / kLine * kLine;
}

}  // namespace windrow::tools
