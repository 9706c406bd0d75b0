#include "io/paging.h"

#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>

#include "support/temporary_folder.h"
#include "support/catch.h"

using namespace windrow;

namespace {

io::Mapping map(const std::string& path) {
  auto file = io::posix().open(path, io::Access::kRead);
  REQUIRE(file);
  auto mapping = (*file)->map();
  REQUIRE(mapping);
  return *mapping;
}

// Whether the kernel has MADV_POPULATE_READ (Linux 5.14).
bool can_populate(const io::Mapping& mapping) {
  return ::madvise(mapping.data, 1, 22) == 0;
}

}  // namespace

TEST_CASE("paging: advice and counting leave the bytes alone", "[io]") {
  TemporaryFolder folder;
  const auto bytes = some_bytes((size_t{4} << 20) + 123);
  write_all(folder / "a", bytes);
  auto mapping = map(folder / "a");
  SECTION("huge") {
    io::advise_huge(mapping);
  }
  SECTION("random") {
    io::advise_random(mapping);
  }
  REQUIRE(io::populate(mapping, 0, mapping.size));
  CHECK(std::equal(bytes.begin(), bytes.end(), mapping.data));
  CHECK(io::resident_bytes(mapping) <= mapping.size);
  CHECK(io::huge_bytes({&mapping, 1}) <= mapping.size);
  CHECK(io::huge_bytes({&mapping, 1}) % (2 << 20) == 0);
}

TEST_CASE("paging: pages that were read are resident, the last one up to the end of the file", "[io]") {
  TemporaryFolder folder;
  write_all(folder / "a", some_bytes(100'001));
  auto mapping = map(folder / "a");
  REQUIRE(io::populate(mapping, 0, mapping.size));
  uint64_t sum = 0;
  for (uint64_t i = 0; i < mapping.size; ++i) sum += mapping.data[i];
  CHECK(sum > 0);
  CHECK(io::resident_bytes(mapping) == mapping.size);
}

TEST_CASE("paging: a file larger than one chunk is counted whole", "[io]") {
  TemporaryFolder folder;
  write_all(folder / "a", some_bytes((size_t{16} << 20) + 5));
  auto mapping = map(folder / "a");
  for (uint64_t i = 0; i < mapping.size; i += 4096) (void)*static_cast<volatile uint8_t*>(mapping.data + i);
  CHECK(io::resident_bytes(mapping) == mapping.size);
}

TEST_CASE("paging: memory in 2 MiB pages is counted as such", "[io]") {
  constexpr size_t kBytes = size_t{8} << 20;
  void* address = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(address != MAP_FAILED);
  io::Mapping mapping{static_cast<uint8_t*>(address), kBytes,
                      std::shared_ptr<void>(address, [](void* p) { ::munmap(p, kBytes); })};
  CHECK(io::huge_bytes({&mapping, 1}) == 0);
  const bool allowed = ::madvise(address, kBytes, MADV_HUGEPAGE) == 0;
  for (size_t i = 0; i < kBytes; i += 4096) mapping.data[i] = 1;
  const uint64_t huge = io::huge_bytes({&mapping, 1});
  if (!allowed) CHECK(huge == 0);
  CHECK(huge % (2 << 20) == 0);
  CHECK(huge <= kBytes);
  CHECK(io::resident_bytes(mapping) == kBytes);
}

TEST_CASE("paging: a file truncated under its mapping is an error, not a signal", "[io]") {
  TemporaryFolder folder;
  write_all(folder / "a", some_bytes(5 << 20));
  auto mapping = map(folder / "a");
  if (!can_populate(mapping)) return;
  std::filesystem::resize_file(folder / "a", 3 << 20);
  auto populated = io::populate(mapping, 0, mapping.size);
  REQUIRE_FALSE(populated);
  CHECK(populated.error().code == ErrorCode::kIo);
  CHECK(populated.error().message.find("bytes 2097152 to 4194304") != std::string::npos);
}

TEST_CASE("paging: a truncated file is noticed with small pages too, and only where it is missing", "[io]") {
  TemporaryFolder folder;
  write_all(folder / "a", some_bytes(5 << 20));
  auto mapping = map(folder / "a");
  if (!can_populate(mapping)) return;
  io::advise_random(mapping);
  std::filesystem::resize_file(folder / "a", 3 << 20);
  REQUIRE(io::populate_small_pages(mapping, 0, 3 << 20));
  auto populated = io::populate_small_pages(mapping, 1 << 20, mapping.size);
  REQUIRE_FALSE(populated);
  CHECK(populated.error().code == ErrorCode::kIo);
  CHECK(populated.error().message.find("truncated") != std::string::npos);
}

TEST_CASE("paging: 2 MiB pages are counted over all mappings at once, each once", "[io]") {
  TemporaryFolder folder;
  write_all(folder / "a", some_bytes(size_t{8} << 20));
  std::vector<io::Mapping> mappings;
  for (int i = 0; i < 3; ++i) {
    mappings.push_back(map(folder / "a"));
    io::advise_huge(mappings.back());
    REQUIRE(io::populate(mappings.back(), 0, mappings.back().size));
  }
  mappings.push_back({});
  uint64_t sum = 0;
  for (const auto& mapping : mappings) sum += io::huge_bytes({&mapping, 1});
  CHECK(io::huge_bytes(mappings) == sum);
}

TEST_CASE("paging: a mapping without bytes is no special case", "[io]") {
  const io::Mapping none;
  io::advise_huge(none);
  io::advise_random(none);
  CHECK(io::populate(none, 0, 0));
  CHECK(io::resident_bytes(none) == 0);
  CHECK(io::huge_bytes({&none, 1}) == 0);
}
