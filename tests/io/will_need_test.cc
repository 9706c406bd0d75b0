#include "io/will_need.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <vector>

#include "io/file.h"
#include "io/paging.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace windrow;
using io::ByteRange;

namespace {

const uint8_t* at(uintptr_t address) {
  return reinterpret_cast<const uint8_t*>(address);
}
uintptr_t begin_of(const ByteRange& range) {
  return reinterpret_cast<uintptr_t>(range.begin);
}

std::vector<std::pair<uintptr_t, size_t>> merged(std::vector<std::pair<uintptr_t, size_t>> list) {
  std::vector<ByteRange> ranges;
  for (const auto& [begin, bytes] : list) ranges.push_back({at(begin), bytes});
  list.clear();
  for (const auto& range : io::merge_pages(ranges, 4096)) list.emplace_back(begin_of(range), range.bytes);
  return list;
}

// What a pretended system was asked for. It does at most `most` bytes a call, and refuses after so many calls.
struct Asked {
  std::vector<ByteRange> ranges;
  std::vector<size_t> calls;
  size_t most = ~size_t{0};
  size_t refuse_from = ~size_t{0};
  int interruptions = 0;
} asked;

long pretend(std::span<const ByteRange> ranges) {
  if (asked.interruptions-- > 0) {
    errno = EINTR;
    return -1;
  }
  if (asked.calls.size() >= asked.refuse_from) {
    errno = EPERM;
    return -1;
  }
  asked.calls.push_back(ranges.size());
  size_t done = 0;
  for (const auto& range : ranges) {
    const size_t now = std::min(range.bytes, asked.most - done);
    if (now > 0) asked.ranges.push_back({range.begin, now});
    done += now;
  }
  return static_cast<long>(done);
}

std::vector<ByteRange> apart(size_t count, size_t pages) {
  std::vector<ByteRange> ranges;
  for (size_t i = 0; i < count; ++i) ranges.push_back({at((1 + i * (pages + 1)) * 4096), pages * 4096});
  return ranges;
}

}  // namespace

TEST_CASE("will_need: ranges become whole pages, sorted, each once, neighbours merged", "[io]") {
  using List = std::vector<std::pair<uintptr_t, size_t>>;
  CHECK(merged({}).empty());
  CHECK(merged({{4096, 1}}) == List{{4096, 4096}});
  CHECK(merged({{8191, 1}}) == List{{4096, 4096}});
  CHECK(merged({{8191, 2}}) == List{{4096, 8192}});  // a row that crosses
  CHECK(merged({{40960, 8}, {4096, 8}, {40970, 8}, {4104, 8}}) == List{{4096, 4096}, {40960, 4096}});
  CHECK(merged({{12288, 100}, {8192, 100}}) == List{{8192, 8192}});                       // neighbours
  CHECK(merged({{4096, 100'000}, {8192, 1}, {102'400, 5000}}) == List{{4096, 106'496}});  // one in another
}

TEST_CASE("will_need: merged ranges hold exactly the pages asked for", "[io]") {
  std::mt19937_64 random(3);
  std::vector<ByteRange> ranges;
  std::vector<bool> wanted(500);
  for (int i = 0; i < 300; ++i) {
    const size_t begin = random() % (490 * 4096), bytes = 1 + random() % 9000;
    ranges.push_back({at(begin), bytes});
    for (size_t page = begin / 4096; page <= (begin + bytes - 1) / 4096; ++page) wanted[page] = true;
  }
  std::vector<bool> got(500);
  uintptr_t reached = 0;
  for (const auto& range : io::merge_pages(ranges, 4096)) {
    CHECK((begin_of(range) > reached || reached == 0));  // a gap lies between
    reached = begin_of(range) + range.bytes;
    for (size_t page = begin_of(range) / 4096; page < reached / 4096; ++page) got[page] = true;
  }
  CHECK(got == wanted);
}

TEST_CASE("will_need: 1024 ranges go into a call", "[io]") {
  asked = {};
  auto ranges = apart(2500, 1);
  CHECK(io::advise_in_batches(ranges, pretend).empty());
  CHECK(asked.calls == std::vector<size_t>{1024, 1024, 452});
  CHECK(asked.ranges.size() == 2500);
}

TEST_CASE("will_need: what a call leaves undone is asked for again, inside a range too", "[io]") {
  asked = {};
  asked.most = 5 * 4096;
  asked.interruptions = 2;
  auto ranges = apart(7, 3);
  CHECK(io::advise_in_batches(ranges, pretend).empty());
  size_t bytes = 0;
  for (size_t i = 0; i < asked.ranges.size(); ++i) {
    if (i > 0) CHECK(begin_of(asked.ranges[i]) >= begin_of(asked.ranges[i - 1]) + asked.ranges[i - 1].bytes);
    bytes += asked.ranges[i].bytes;
  }
  CHECK(bytes == 7 * 3 * 4096);
}

TEST_CASE("will_need: where the system refuses, what is left is handed back", "[io]") {
  asked = {};
  asked.refuse_from = 1;
  auto ranges = apart(1500, 1);
  const auto left = io::advise_in_batches(ranges, pretend);
  REQUIRE(left.size() == 1500 - 1024);
  CHECK(left[0].begin == at((1 + 1024 * 2) * 4096));
  asked = {};
  asked.most = 0;  // neither an error nor anything done
  CHECK(io::advise_in_batches(ranges, pretend).size() == 1500);
}

TEST_CASE("will_need: pages of a file are read without being touched", "[io]") {
  const TemporaryFolder folder;
  const auto bytes = some_bytes(size_t{8} << 20);
  write_all(folder / "a", bytes);
  auto file = io::posix().open(folder / "a", io::Access::kRead);
  REQUIRE(file);
  REQUIRE((*file)->sync());
  (*file)->evict();
  auto mapping = (*file)->map();
  REQUIRE(mapping);
  io::advise_random(*mapping);
  const uint64_t before = io::resident_bytes(*mapping);
  std::vector<ByteRange> ranges;
  for (size_t i = 0; i < bytes.size(); i += 8192) ranges.push_back({mapping->data + i + 100, 8});
  io::will_need(ranges);
  // Reading goes on behind our back; a file system without a page cache of its own had all from the start.
  for (int tries = 0; tries < 1000 && io::resident_bytes(*mapping) < bytes.size() / 2; ++tries)
    ::usleep(1000);
  CHECK(io::resident_bytes(*mapping) >= bytes.size() / 2);
  if (before == 0) CHECK(io::resident_bytes(*mapping) < bytes.size());
  CHECK(std::equal(bytes.begin(), bytes.end(), mapping->data));
}

TEST_CASE("will_need: only a refusal that lasts is remembered", "[io]") {
  for (const int error : {ENOSYS, EPERM, EINVAL}) CHECK(io::is_lasting_refusal(error));
  for (const int error : {0, EMFILE, ENFILE, ENOMEM, EAGAIN, EIO, EBADF}) CHECK(!io::is_lasting_refusal(error));
}
