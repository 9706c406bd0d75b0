#include "io/atomic_file.h"

#include <filesystem>

#include "support/temporary_folder.h"
#include "support/catch.h"

using namespace windrow;
using io::AtomicFile;

namespace {

const std::vector<uint8_t> kOld = {1, 2, 3};
const std::vector<uint8_t> kNew = {4, 5, 6, 7};

}  // namespace

TEST_CASE("atomic file: it appears whole with commit", "[io]") {
  TemporaryFolder folder;
  auto file = AtomicFile::create(io::posix(), folder / "a");
  REQUIRE(file);
  REQUIRE(file->append(kNew));
  CHECK(file->position() == 4);
  REQUIRE(file->append(kOld));
  CHECK(file->position() == 7);
  CHECK_FALSE(std::filesystem::exists(folder / "a"));
  CHECK(folder.entries() == 1);

  auto names = io::posix().list_folder_of(folder / "a");
  REQUIRE(names);
  REQUIRE(names->size() == 1);
  CHECK(io::is_temporary_of(names->front(), "a"));

  REQUIRE(file->commit());
  CHECK(read_all(folder / "a") == std::vector<uint8_t>{4, 5, 6, 7, 1, 2, 3});
  CHECK(folder.entries() == 1);
}

TEST_CASE("atomic file: not committed, it leaves nothing and keeps the old file", "[io]") {
  TemporaryFolder folder;
  write_all(folder / "a", kOld);
  {
    auto file = AtomicFile::create(io::posix(), folder / "a");
    REQUIRE(file);
    REQUIRE(file->append(kNew));
    CHECK(folder.entries() == 2);
  }
  CHECK(folder.entries() == 1);
  CHECK(read_all(folder / "a") == kOld);
}

TEST_CASE("atomic file: commit replaces the old file, and mappings of that one live on", "[io]") {
  TemporaryFolder folder;
  write_all(folder / "a", kOld);
  auto old = io::posix().open(folder / "a", io::Access::kRead);
  REQUIRE(old);
  auto mapping = (*old)->map();
  REQUIRE(mapping);
  {
    auto file = AtomicFile::create(io::posix(), folder / "a");
    REQUIRE(file);
    REQUIRE(file->append(kNew));
    REQUIRE(file->commit());
  }
  CHECK(read_all(folder / "a") == kNew);
  CHECK(folder.entries() == 1);
  CHECK(std::equal(kOld.begin(), kOld.end(), mapping->data));
}

TEST_CASE("atomic file: a symbolic link stays one, and its target is replaced", "[io]") {
  TemporaryFolder folder;
  std::filesystem::create_directory(folder / "real");
  write_all(folder / "real/a", kOld);
  std::filesystem::create_symlink("real/a", folder / "link");
  auto file = AtomicFile::create(io::posix(), folder / "link");
  REQUIRE(file);
  REQUIRE(file->append(kNew));
  REQUIRE(file->commit());
  CHECK(std::filesystem::is_symlink(folder / "link"));
  CHECK_FALSE(std::filesystem::is_symlink(folder / "real/a"));
  CHECK(read_all(folder / "real/a") == kNew);
  CHECK(folder.entries() == 2);
}

TEST_CASE("atomic file: moving hands the temporary file on", "[io]") {
  TemporaryFolder folder;
  auto first = AtomicFile::create(io::posix(), folder / "a");
  auto second = AtomicFile::create(io::posix(), folder / "b");
  REQUIRE((first && second));
  REQUIRE(first->append(kNew));
  *second = std::move(*first);
  CHECK(folder.entries() == 1);  // what was begun for b is gone
  {
    AtomicFile third = std::move(*second);
    CHECK(third.position() == 4);
    REQUIRE(third.commit());
  }
  CHECK(read_all(folder / "a") == kNew);
  CHECK(folder.entries() == 1);
}

TEST_CASE("atomic file: what cannot be created or committed is an error, and leaves nothing", "[io]") {
  TemporaryFolder folder;
  SECTION("no folder") {
    auto file = AtomicFile::create(io::posix(), folder / "no/a");
    REQUIRE_FALSE(file);
    CHECK(file.error().code == ErrorCode::kNotFound);
  }
  SECTION("a file instead of a folder") {
    write_all(folder / "a", kOld);
    auto file = AtomicFile::create(io::posix(), folder / "a/b");
    REQUIRE_FALSE(file);
    CHECK(file.error().code == ErrorCode::kIo);
    CHECK(read_all(folder / "a") == kOld);
  }
  SECTION("no name") {
    for (const std::string& path : {std::string(), folder / "no/"}) {
      auto file = AtomicFile::create(io::posix(), path);
      REQUIRE_FALSE(file);
      CHECK(file.error().code == ErrorCode::kInvalidArgument);
    }
  }
  SECTION("a folder stands at the name") {
    std::filesystem::create_directory(folder / "a");
    {
      auto file = AtomicFile::create(io::posix(), folder / "a");
      REQUIRE(file);
      auto committed = file->commit();
      REQUIRE_FALSE(committed);
      CHECK(committed.error().code == ErrorCode::kIo);
    }
    CHECK(std::filesystem::is_directory(folder / "a"));
    CHECK(folder.entries() == 1);
  }
}

TEST_CASE("atomic file: temporary names are told from others", "[io]") {
  CHECK(io::is_temporary_of(".a.safetensors.tmp-0123456789abcdef", "a.safetensors"));
  CHECK_FALSE(io::is_temporary_of(".a.safetensors.tmp-0123456789abcdef", "b.safetensors"));
  CHECK_FALSE(io::is_temporary_of(".a.safetensors.tmp-0123456789abcdef", "a"));
  CHECK_FALSE(io::is_temporary_of("a.safetensors.tmp-0123456789abcdef", "a.safetensors"));
  CHECK_FALSE(io::is_temporary_of(".a.tmp-0123456789abcde", "a"));
  CHECK_FALSE(io::is_temporary_of(".a.tmp-0123456789abcdef0", "a"));
  CHECK_FALSE(io::is_temporary_of(".a.tmp-0123456789ABCDEF", "a"));
  CHECK_FALSE(io::is_temporary_of(".a.tmp-0123456789abcdeg", "a"));
  CHECK_FALSE(io::is_temporary_of("", ""));
}

TEST_CASE("atomic file: the permissions of a replaced file stay", "[io]") {
  namespace fs = std::filesystem;
  TemporaryFolder folder;
  write_all(folder / "a", kOld);
  for (const auto permissions : {fs::perms(0600), fs::perms(0640), fs::perms(0444)}) {
    fs::permissions(folder / "a", permissions);
    auto file = AtomicFile::create(io::posix(), folder / "a");
    REQUIRE(file);
    CHECK(fs::status((*file).file().path()).permissions() == permissions);  // from the beginning
    REQUIRE(file->append(kNew));
    REQUIRE(file->commit());
    CHECK(fs::status(folder / "a").permissions() == permissions);
    CHECK(read_all(folder / "a") == kNew);
  }
}

TEST_CASE("atomic file: bytes of another file are added behind those written", "[io]") {
  TemporaryFolder folder;
  write_all(folder / "a", kOld);
  auto source = io::posix().open(folder / "a", io::Access::kRead);
  REQUIRE(source);
  auto file = AtomicFile::create(io::posix(), folder / "b");
  REQUIRE(file);
  REQUIRE(file->append(kNew));
  REQUIRE(file->append_from(**source, 1, 2));
  CHECK(file->position() == 6);
  CHECK(!file->append_from(**source, 2, 2));  // the source has one byte there
  REQUIRE(file->commit());
  const auto bytes = read_all(folder / "b");
  REQUIRE(bytes.size() >= 6);
  CHECK(std::vector<uint8_t>(bytes.begin(), bytes.begin() + 6) == std::vector<uint8_t>{4, 5, 6, 7, 2, 3});
}
