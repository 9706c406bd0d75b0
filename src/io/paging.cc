#include "io/paging.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <span>
#include <string_view>
#include <vector>

#include "base/fail.h"
#include "io/available_memory.h"
#include "io/small_file.h"
#include "io/system_error.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22  // Linux 5.14; older C libraries do not name it
#endif

namespace windrow::io {

namespace {

constexpr uint64_t kHugePage = uint64_t{2} << 20;

struct AddressRange {
  uintptr_t begin = 0, end = 0;
};

// "7f12a4000000-7f12a4600000 r--s ..." starts the description of a mapping in /proc/self/smaps.
bool parse_range(std::string_view line, AddressRange& range) {
  const char* const stop = line.data() + line.size();
  const auto first = std::from_chars(line.data(), stop, range.begin, 16);
  if (first.ec != std::errc() || first.ptr == stop || *first.ptr != '-') return false;
  const auto second = std::from_chars(first.ptr + 1, stop, range.end, 16);
  return second.ec == std::errc() && second.ptr != stop && *second.ptr == ' ';
}

// `ranges` ascend and do not overlap.
bool overlaps_one_of(std::span<const AddressRange> ranges, const AddressRange& other) {
  const auto at =
      std::upper_bound(ranges.begin(), ranges.end(), other.begin,
                       [](uintptr_t begin, const AddressRange& range) { return begin < range.end; });
  return at != ranges.end() && at->begin < other.end;
}

// "FilePmdMapped:      2048 kB"
uint64_t parse_kilobytes(std::string_view value) {
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  uint64_t kilobytes = 0;
  std::from_chars(value.data(), value.data() + value.size(), kilobytes);
  return kilobytes;
}

// The part of [begin, end) that lies in one 2 MiB page of the file, from a page's start.
struct Step {
  uint64_t begin, end;
};
Step step_at(uint64_t begin, uint64_t end) {
  const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return {begin / page * page, std::min((begin / kHugePage + 1) * kHugePage, end)};
}

// Reads the pages of [begin, end) step by step, after before(byte) for each.
template <class Before>
Result<bool> populate_steps(const Mapping& mapping, uint64_t begin, uint64_t end, Before before) {
  for (uint64_t at = begin; at < end;) {
    before(at);
    const Step step = step_at(at, end);
    int result;
    do {
      result = ::madvise(mapping.data + step.begin, step.end - step.begin, MADV_POPULATE_READ);
    } while (result != 0 && (errno == EINTR || errno == EAGAIN));
    at = step.end;
    if (result == 0) continue;
    // A kernel without the call. Reading a byte of each page instead would turn a bad page into a signal.
    if (errno == EINVAL) return false;
    if (errno == EFAULT) {
      return fail(ErrorCode::kIo, "cannot read bytes ", step.begin, " to ", step.end,
                  " of the mapped file: the disk failed, or the file has been truncated");
    }
    return fail_system(errno, "mapped file", "read bytes ", step.begin, " to ", step.end);
  }
  return true;
}

}  // namespace

void advise_huge(const Mapping& mapping) {
  if (mapping.size) ::madvise(mapping.data, mapping.size, MADV_HUGEPAGE);
}

void advise_random(const Mapping& mapping) {
  if (mapping.size) ::madvise(mapping.data, mapping.size, MADV_RANDOM);
}

Result<bool> populate(const Mapping& mapping, uint64_t begin, uint64_t end) {
  return populate_steps(mapping, begin, end, [](uint64_t) {});
}

Result<bool> populate_small_pages(const Mapping& mapping, uint64_t begin, uint64_t end) {
  constexpr uint64_t kAhead = 16 * kHugePage;
  uint64_t asked = begin;
  return populate_steps(mapping, begin, end, [&](uint64_t at) {
    while (asked < std::min(end, at + kAhead)) {
      const Step step = step_at(asked, end);
      ::madvise(mapping.data + step.begin, step.end - step.begin, MADV_WILLNEED);
      asked = step.end;
    }
  });
}

uint64_t available_memory() {
  return available_memory_under("");
}

uint64_t resident_bytes(const Mapping& mapping) {
  const uint64_t page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  unsigned char in_memory[4096];  // one byte a page
  const uint64_t chunk = sizeof(in_memory) * page;
  uint64_t resident = 0;
  for (uint64_t at = 0; at < mapping.size; at += chunk) {
    const uint64_t bytes = std::min(chunk, mapping.size - at);
    if (::mincore(mapping.data + at, bytes, in_memory) != 0) return resident;
    for (uint64_t i = 0; i * page < bytes; ++i) {
      if (in_memory[i] & 1) resident += std::min(page, bytes - i * page);
    }
  }
  return resident;
}

uint64_t huge_bytes(std::span<const Mapping> mappings) {
  std::vector<AddressRange> ranges;
  for (const Mapping& mapping : mappings) {
    const auto begin = reinterpret_cast<uintptr_t>(mapping.data);
    if (mapping.size > 0) ranges.push_back({begin, begin + mapping.size});
  }
  if (ranges.empty()) return 0;
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  const auto text = read_small_file("/proc/self/smaps");
  if (!text) return 0;
  bool ours = false;
  uint64_t kilobytes = 0;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (AddressRange described; parse_range(line, described)) {
      ours = overlaps_one_of(ranges, described);  // advice may have split a mapping into several
      continue;
    }
    if (!ours) continue;
    // Files on disk, files in memory (tmpfs), and private pages; see proc_pid_smaps(5).
    for (const std::string_view key : {"FilePmdMapped:", "ShmemPmdMapped:", "AnonHugePages:"}) {
      if (line.starts_with(key)) kilobytes += parse_kilobytes(line.substr(key.size()));
    }
  }
  return kilobytes * 1024;
}

}  // namespace windrow::io
