#include "bench_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/fail.h"
#include "bench_ids.h"
#include "io/paging.h"
#include "units.h"

namespace windrow::tools {

namespace {

constexpr size_t kHugePage = size_t{2} << 20;

uint8_t* at_huge_page(void* reserved) {
  const auto address = reinterpret_cast<uintptr_t>(reserved);
  return static_cast<uint8_t*>(reserved) + (kHugePage - address % kHugePage) % kHugePage;
}

}  // namespace

Result<BenchMemory> BenchMemory::reserve(size_t bytes, PageSize pages) {
  const size_t reserved_bytes = (bytes + kHugePage - 1) / kHugePage * kHugePage + kHugePage;
  void* reserved = ::mmap(nullptr, reserved_bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) {
    return fail(ErrorCode::kNoMemory, "cannot reserve ", human_bytes(reserved_bytes),
                " of addresses: ", std::strerror(errno));
  }
  return BenchMemory(reserved, reserved_bytes, pages);
}

BenchMemory::BenchMemory(void* reserved, size_t reserved_bytes, PageSize pages)
    : reserved_(reserved), reserved_bytes_(reserved_bytes), begin_(at_huge_page(reserved)) {
  // A system without large pages serves small ones; what it measures is then the speed on those.
  ::madvise(begin_, reserved_bytes_ - kHugePage, pages == PageSize::k2MiB ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

BenchMemory::~BenchMemory() {
  if (reserved_) ::munmap(reserved_, reserved_bytes_);
}

BenchMemory::BenchMemory(BenchMemory&& other) noexcept
    : reserved_(std::exchange(other.reserved_, nullptr)),
      reserved_bytes_(other.reserved_bytes_),
      begin_(other.begin_),
      filled_(other.filled_) {}

BenchMemory& BenchMemory::operator=(BenchMemory&& other) noexcept {
  std::swap(reserved_, other.reserved_);
  std::swap(reserved_bytes_, other.reserved_bytes_);
  std::swap(begin_, other.begin_);
  std::swap(filled_, other.filled_);
  return *this;
}

Result<const uint8_t*> BenchMemory::first(size_t bytes) {
  if (bytes <= filled_) return begin_;
  const size_t wanted = (bytes + kHugePage - 1) / kHugePage * kHugePage;
  if (wanted > reserved_bytes_ - kHugePage) {
    return fail(ErrorCode::kInvalidArgument, human_bytes(bytes), " are more than were reserved");
  }
  if (const uint64_t available = io::available_memory(); wanted - filled_ > available) {
    return fail(ErrorCode::kNoMemory, "a table of ", human_bytes(bytes), " is wanted, and ",
                human_bytes(available), " of memory are left; measure a smaller one");
  }
  SplitMix64 random(filled_);
  for (; filled_ < wanted; filled_ += sizeof(uint64_t)) {
    const uint64_t word = (random() & 0x8787878787878787) | 0x3838383838383838;
    std::memcpy(begin_ + filled_, &word, sizeof(word));
  }
  return begin_;
}

}  // namespace windrow::tools
