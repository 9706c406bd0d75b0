#include <cstring>

#include "io/posix_file.h"
#include "support/temporary_folder.h"
#include "support/catch.h"

using namespace windrow;
using io::Access;

TEST_CASE("mapping: 2 MiB aligned, and equal to the file", "[io]") {
  TemporaryFolder folder;
  for (const size_t size : {size_t{1}, size_t{4096}, size_t{4097}, size_t{2} << 20, (size_t{2} << 20) + 1}) {
    CAPTURE(size);
    const auto bytes = some_bytes(size);
    write_all(folder / "a", bytes);
    auto file = io::posix().open(folder / "a", Access::kRead);
    REQUIRE(file);
    auto mapping = (*file)->map();
    REQUIRE(mapping);
    file->reset();  // a mapping outlives the file it came from
    CHECK(mapping->size == size);
    CHECK(reinterpret_cast<uintptr_t>(mapping->data) % (2 << 20) == 0);
    CHECK(std::memcmp(mapping->data, bytes.data(), size) == 0);
  }
}

TEST_CASE("mapping: an empty file has no bytes", "[io]") {
  TemporaryFolder folder;
  write_all(folder / "a", {});
  auto file = io::posix().open(folder / "a", Access::kWrite);
  REQUIRE(file);
  for (auto mapping : {(*file)->map(), (*file)->map_writable()}) {
    REQUIRE(mapping);
    CHECK(mapping->size == 0);
    CHECK(mapping->data == nullptr);
  }
}

TEST_CASE("mapping: stores reach the file and every other mapping of it", "[io]") {
  TemporaryFolder folder;
  auto bytes = some_bytes(10'000);
  write_all(folder / "a", bytes);
  auto file = io::posix().open(folder / "a", Access::kWrite);
  REQUIRE(file);
  auto writable = (*file)->map_writable();
  auto readable = (*file)->map();
  REQUIRE((writable && readable));
  writable->data[7777] = bytes[7777] = static_cast<uint8_t>(~bytes[7777]);
  CHECK(readable->data[7777] == bytes[7777]);
  REQUIRE((*file)->sync());
  CHECK(read_all(folder / "a") == bytes);
}

TEST_CASE("mapping: it stays as long as one of its owners", "[io]") {
  TemporaryFolder folder;
  write_all(folder / "a", {42});
  auto file = io::posix().open(folder / "a", Access::kRead);
  REQUIRE(file);
  io::Mapping copy;
  {
    auto mapping = (*file)->map();
    REQUIRE(mapping);
    copy = *mapping;
  }
  CHECK(copy.owner.use_count() == 1);
  CHECK(copy.data[0] == 42);
}

TEST_CASE("mapping: what cannot be mapped is an error that names the file", "[io]") {
  TemporaryFolder folder;
  write_all(folder / "a", {42});
  auto file = io::posix().open(folder / "a", Access::kRead);
  REQUIRE(file);
  auto mapping = (*file)->map_writable();
  REQUIRE_FALSE(mapping);
  CHECK(mapping.error().code == ErrorCode::kIo);
  CHECK(mapping.error().message == (folder / "a") + ": cannot map 1 bytes for writing: Permission denied");
}
