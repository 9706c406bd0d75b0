#include <filesystem>
#include <set>

#include "io/file.h"
#include "support/temporary_folder.h"
#include "support/catch.h"

using namespace windrow;

TEST_CASE("file system: exists, rename and remove", "[io]") {
  TemporaryFolder folder;
  auto& system = io::posix();
  write_all(folder / "a", {1});
  write_all(folder / "b", {2});
  CHECK(*system.exists(folder / "a"));
  CHECK_FALSE(*system.exists(folder / "c"));
  CHECK_FALSE(*system.exists(folder / "a/under-a-file"));
  REQUIRE(system.rename(folder / "a", folder / "b"));
  REQUIRE(system.sync_folder_of(folder / "b"));
  CHECK_FALSE(*system.exists(folder / "a"));
  CHECK(read_all(folder / "b") == std::vector<uint8_t>{1});
  REQUIRE(system.remove(folder / "b"));
  CHECK(folder.entries() == 0);

  CHECK(system.remove(folder / "b").error().code == ErrorCode::kNotFound);
  CHECK(system.rename(folder / "b", folder / "c").error().code == ErrorCode::kNotFound);
  CHECK(system.sync_folder_of(folder / "no/c").error().code == ErrorCode::kNotFound);
  CHECK(system.list_folder_of(folder / "no/c").error().code == ErrorCode::kNotFound);
}

TEST_CASE("file system: the folder of a path is listed, sorted, without . and ..", "[io]") {
  TemporaryFolder folder;
  for (const char* name : {"b", "a", ".hidden"}) write_all(folder / name, {1});
  auto names = io::posix().list_folder_of(folder / "any");
  REQUIRE(names);
  CHECK(*names == std::vector<std::string>{".hidden", "a", "b"});
  CHECK(io::posix().list_folder_of("no-slash-means-the-working-folder"));
  CHECK(io::posix().list_folder_of("/proc"));
}

TEST_CASE("file system: links are resolved, and a name that does not exist is kept", "[io]") {
  TemporaryFolder folder;
  write_all(folder / "a", {1});
  std::filesystem::create_symlink("a", folder / "link");
  std::filesystem::create_symlink("link", folder / "link-to-link");
  CHECK(io::posix().resolve(folder / "link-to-link") == folder / "a");
  CHECK(io::posix().resolve(folder / "a") == folder / "a");
  CHECK(io::posix().resolve("absent/name") == "absent/name");
}

TEST_CASE("file system: random numbers differ, the boot id does not", "[io]") {
  std::set<uint64_t> seen;
  for (int i = 0; i < 100; ++i) seen.insert(io::posix().random64());
  CHECK(seen.size() == 100);
  const auto id = io::posix().boot_id();
  CHECK(id == io::posix().boot_id());

  const auto bytes = read_all("/proc/sys/kernel/random/boot_id");
  if (bytes.size() < 36) return;  // this system does not tell
  std::string digits;
  for (const uint8_t byte : id) {
    digits += "0123456789abcdef"[byte >> 4];
    digits += "0123456789abcdef"[byte & 15];
  }
  std::string expected(bytes.begin(), bytes.begin() + 36);
  std::erase(expected, '-');
  CHECK(digits == expected);
}
