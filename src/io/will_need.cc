#include "io/will_need.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>

#include "io/descriptor.h"

// Linux 5.3 and 5.10; older C libraries do not name them. The numbers are the same on all architectures.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif

namespace windrow::io {

namespace {

constexpr size_t kMaxRanges = 1024;  // of one call: UIO_MAXIOV

// The descriptor is opened anew for every call: kept, it would still mean the parent after a fork.
long advise_this_process(std::span<const ByteRange> ranges) {
  const Descriptor self(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  if (!self) return -1;
  std::array<iovec, kMaxRanges> vectors;
  for (size_t i = 0; i < ranges.size(); ++i) {
    vectors[i] = {const_cast<uint8_t*>(ranges[i].begin), ranges[i].bytes};
  }
  return ::syscall(SYS_process_madvise, self.get(), vectors.data(), ranges.size(), MADV_WILLNEED, 0);
}

void advise_one_by_one(std::span<const ByteRange> ranges) {
  for (const ByteRange& range : ranges) {
    ::madvise(const_cast<uint8_t*>(range.begin), range.bytes, MADV_WILLNEED);
  }
}

}  // namespace

std::span<ByteRange> merge_pages(std::span<ByteRange> ranges, size_t page_bytes) {
  if (ranges.empty()) return ranges;
  const uintptr_t in_page = page_bytes - 1;
  for (ByteRange& range : ranges) {
    const size_t before = reinterpret_cast<uintptr_t>(range.begin) & in_page;
    range = {range.begin - before, (before + range.bytes + in_page) & ~in_page};
  }
  const auto address = [](const ByteRange& range) { return reinterpret_cast<uintptr_t>(range.begin); };
  std::sort(ranges.begin(), ranges.end(),
            [&](const ByteRange& a, const ByteRange& b) { return address(a) < address(b); });
  size_t last = 0;
  for (const ByteRange& range : ranges.subspan(1)) {
    const uintptr_t offset = address(range) - address(ranges[last]);
    if (offset <= ranges[last].bytes) {
      ranges[last].bytes = std::max(ranges[last].bytes, offset + range.bytes);
    } else {
      ranges[++last] = range;
    }
  }
  return ranges.first(last + 1);
}

std::span<ByteRange> advise_in_batches(std::span<ByteRange> ranges, AdviseMany advise) {
  while (!ranges.empty()) {
    const auto advised = advise(ranges.first(std::min(ranges.size(), kMaxRanges)));
    if (advised < 0 && errno == EINTR) continue;
    if (advised <= 0) break;
    auto done = static_cast<size_t>(advised);
    size_t whole = 0;
    while (whole < ranges.size() && done >= ranges[whole].bytes) done -= ranges[whole++].bytes;
    ranges = ranges.subspan(whole);
    if (done > 0 && !ranges.empty()) ranges[0] = {ranges[0].begin + done, ranges[0].bytes - done};
  }
  return ranges;
}

bool is_lasting_refusal(int error) {
  return error == ENOSYS || error == EPERM || error == EINVAL;
}

void will_need(std::span<ByteRange> ranges) {
  static const auto page_bytes = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  // Old kernels and sandboxes refuse the call. They will not change their mind while the process lives.
  static std::atomic<bool> refused{false};
  auto left = merge_pages(ranges, page_bytes);
  if (!refused.load(std::memory_order_relaxed)) {
    errno = 0;
    left = advise_in_batches(left, advise_this_process);
    if (!left.empty() && is_lasting_refusal(errno)) refused.store(true, std::memory_order_relaxed);
  }
  advise_one_by_one(left);
}

}  // namespace windrow::io
