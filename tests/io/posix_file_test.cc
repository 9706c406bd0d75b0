#include "io/posix_file.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/fail.h"
#include "support/temporary_folder.h"
#include "support/catch.h"

using namespace windrow;
using io::Access;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("posix file: what is written is read back", "[io]") {
  TemporaryFolder folder;
  const std::string path = folder / "a";
  const auto bytes = some_bytes(300'000);
  auto file = io::posix().open(path, Access::kCreate);
  REQUIRE(file);
  CHECK((*file)->path() == path);
  CHECK(*(*file)->size() == 0);
  REQUIRE((*file)->write(0, bytes));
  REQUIRE((*file)->sync());
  CHECK(*(*file)->size() == bytes.size());

  const std::vector<uint8_t> patch = {1, 2, 3, 4, 5};
  REQUIRE((*file)->write_durable(4094, patch));  // across a page boundary
  auto expected = bytes;
  std::copy(patch.begin(), patch.end(), expected.begin() + 4094);

  auto reader = io::posix().open(path, Access::kRead);
  REQUIRE(reader);
  std::vector<uint8_t> got(bytes.size());
  REQUIRE((*reader)->read(0, got));
  CHECK(got == expected);
  std::vector<uint8_t> part(100);
  REQUIRE((*reader)->read(4000, part));
  CHECK(std::equal(part.begin(), part.end(), expected.begin() + 4000));
  CHECK((*reader)->read(bytes.size(), std::span<uint8_t>{}));
  CHECK(read_all(path) == expected);
  (*reader)->evict();  // a hint: contents stay
  REQUIRE((*reader)->read(0, got));
  CHECK(got == expected);
}

TEST_CASE("posix file: a missing file is kNotFound, and the message names it", "[io]") {
  TemporaryFolder folder;
  for (const Access access : {Access::kRead, Access::kWrite}) {
    auto file = io::posix().open(folder / "absent", access);
    REQUIRE_FALSE(file);
    CHECK(file.error().code == ErrorCode::kNotFound);
    CHECK(contains(file.error().message, folder / "absent"));
    CHECK(contains(file.error().message, "No such file"));
  }
  CHECK(folder.entries() == 0);
}

TEST_CASE("posix file: folders and pipes are refused", "[io]") {
  TemporaryFolder folder;
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  for (const Access access : {Access::kRead, Access::kWrite}) {
    auto file = io::posix().open(folder.path(), access);
    REQUIRE_FALSE(file);
    CHECK(file.error().code == ErrorCode::kIo);
    CHECK(file.error().message == folder.path() + ": is a folder, not a file");
    auto pipe = io::posix().open(folder / "pipe", access);
    REQUIRE_FALSE(pipe);
    CHECK(pipe.error().message == (folder / "pipe") + ": is a pipe, not a file");
  }
}

TEST_CASE("posix file: creation refuses what exists and what has no folder", "[io]") {
  TemporaryFolder folder;
  write_all(folder / "a", {1, 2, 3});
  auto again = io::posix().open(folder / "a", Access::kCreate);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::kIo);
  CHECK(contains(again.error().message, "cannot create: File exists"));
  CHECK(read_all(folder / "a") == std::vector<uint8_t>{1, 2, 3});

  auto under_a_file = io::posix().open(folder / "a/b", Access::kCreate);
  REQUIRE_FALSE(under_a_file);
  CHECK(under_a_file.error().code == ErrorCode::kIo);
  auto nowhere = io::posix().open(folder / "no/b", Access::kCreate);
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().code == ErrorCode::kNotFound);
}

TEST_CASE("posix file: a read past the end is kIo and tells where the file ends", "[io]") {
  TemporaryFolder folder;
  write_all(folder / "a", some_bytes(100));
  auto file = io::posix().open(folder / "a", Access::kRead);
  REQUIRE(file);
  std::vector<uint8_t> got(20);
  for (const uint64_t offset : {uint64_t{90}, uint64_t{100}, uint64_t{5000}}) {
    auto read = (*file)->read(offset, got);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::kIo);
    CHECK(contains(read.error().message, concat("cannot read 20 bytes at byte ", offset)));
  }
  CHECK(contains((*file)->read(90, got).error().message, "the file ends at byte 100"));
  CHECK_FALSE((*file)->read(UINT64_MAX, got));
  CHECK_FALSE((*file)->read(uint64_t{INT64_MAX} - 5, got));
}

TEST_CASE("posix file: a file opened for reading is not written", "[io]") {
  TemporaryFolder folder;
  const auto bytes = some_bytes(100);
  write_all(folder / "a", bytes);
  auto file = io::posix().open(folder / "a", Access::kRead);
  REQUIRE(file);
  for (auto written : {(*file)->write(10, bytes), (*file)->write_durable(10, bytes), (*file)->lock()}) {
    REQUIRE_FALSE(written);
    CHECK(written.error().code == ErrorCode::kIo);
    CHECK(contains(written.error().message, folder / "a"));
  }
  CHECK_FALSE((*file)->map_writable());
  CHECK(read_all(folder / "a") == bytes);
}

TEST_CASE("posix file: offsets beyond what a file can hold are errors", "[io]") {
  TemporaryFolder folder;
  auto file = io::posix().open(folder / "a", Access::kCreate);
  REQUIRE(file);
  const std::vector<uint8_t> bytes(10);
  for (const uint64_t offset : {UINT64_MAX, uint64_t{INT64_MAX} - 5}) {
    CHECK_FALSE((*file)->write(offset, bytes));
    CHECK_FALSE((*file)->write_durable(offset, bytes));
    CHECK_FALSE((*file)->reserve(offset));
  }
  CHECK(*(*file)->size() == 0);
}

TEST_CASE("posix file: a full device is kNoSpace", "[io]") {
  auto file = io::posix().open("/dev/full", Access::kWrite);
  REQUIRE(file);
  const auto bytes = some_bytes(100);
  auto written = (*file)->write(7, bytes);
  REQUIRE_FALSE(written);
  CHECK(written.error().code == ErrorCode::kNoSpace);
  CHECK(written.error().message == "/dev/full: cannot write 100 bytes at byte 7: No space left on device");
  auto durable = (*file)->write_durable(0, bytes);
  REQUIRE_FALSE(durable);
  CHECK(durable.error().code == ErrorCode::kNoSpace);
}

TEST_CASE("posix file: reserve lengthens, keeps contents, and never shortens", "[io]") {
  TemporaryFolder folder;
  const auto bytes = some_bytes(5000);
  write_all(folder / "a", bytes);
  auto file = io::posix().open(folder / "a", Access::kWrite);
  REQUIRE(file);
  REQUIRE((*file)->reserve(0));
  REQUIRE((*file)->reserve(100));
  CHECK(*(*file)->size() == 5000);
  REQUIRE((*file)->reserve(100'000));
  CHECK(*(*file)->size() == 100'000);
  auto expected = bytes;
  expected.resize(100'000);
  CHECK(read_all(folder / "a") == expected);
}

// As `cp --sparse` leaves them.
TEST_CASE("posix file: holes get blocks of their own", "[io]") {
  TemporaryFolder folder;
  constexpr off_t kBytes = 1 << 20;
  auto bytes = some_bytes(5000);
  write_all(folder / "a", bytes);
  REQUIRE(::truncate((folder / "a").c_str(), kBytes) == 0);
  struct stat status;
  REQUIRE(::stat((folder / "a").c_str(), &status) == 0);
  CHECK(512 * status.st_blocks < kBytes);
  auto file = io::posix().open(folder / "a", Access::kWrite);
  REQUIRE(file);
  REQUIRE((*file)->own_blocks());
  REQUIRE(::stat((folder / "a").c_str(), &status) == 0);
  CHECK(512 * status.st_blocks >= kBytes);
  bytes.resize(kBytes);
  CHECK(read_all(folder / "a") == bytes);
}

TEST_CASE("posix file: a second open of a file cannot take its lock", "[io]") {
  TemporaryFolder folder;
  const std::string path = folder / "a";
  write_all(path, {1});
  auto holder = io::posix().open(path, Access::kWrite);
  auto other = io::posix().open(path, Access::kWrite);
  auto reader = io::posix().open(path, Access::kRead);
  REQUIRE((holder && other && reader));
  CHECK_FALSE(*(*reader)->is_locked_elsewhere());
  REQUIRE((*holder)->lock());
  REQUIRE((*holder)->lock());  // one's own lock is no obstacle
  CHECK_FALSE(*(*holder)->is_locked_elsewhere());
  CHECK(*(*other)->is_locked_elsewhere());
  CHECK(*(*reader)->is_locked_elsewhere());

  auto refused = (*other)->lock();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kBusy);
  CHECK(contains(refused.error().message, path));
  CHECK(contains(refused.error().message, "another trainer holds the table"));
  // Here it is seen which process that is.
  if (std::filesystem::exists("/proc/self/fdinfo"))
    CHECK(contains(refused.error().message, ("(process " + std::to_string(::getpid()) + ", ").c_str()));

  other->reset();  // closing another descriptor of the file does not drop the lock
  CHECK(*(*reader)->is_locked_elsewhere());
  holder->reset();
  CHECK_FALSE(*(*reader)->is_locked_elsewhere());
  auto next = io::posix().open(path, Access::kWrite);
  REQUIRE(next);
  CHECK((*next)->lock());
}

TEST_CASE("posix file: another process cannot take the lock", "[io]") {
  TemporaryFolder folder;
  const std::string path = folder / "a";
  write_all(path, {1});
  auto holder = io::posix().open(path, Access::kWrite);
  REQUIRE(holder);
  REQUIRE((*holder)->lock());
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto mine = io::posix().open(path, Access::kWrite);
    auto locked = mine ? (*mine)->lock() : Result<void>{};
    ::_exit(!locked && locked.error().code == ErrorCode::kBusy ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("posix file: is_current notices that the name leads elsewhere", "[io]") {
  TemporaryFolder folder;
  write_all(folder / "a", {1});
  write_all(folder / "b", {2});
  auto file = io::posix().open(folder / "a", Access::kRead);
  REQUIRE(file);
  CHECK(*(*file)->is_current());
  SECTION("replaced by a rename") {
    REQUIRE(io::posix().rename(folder / "b", folder / "a"));
    CHECK_FALSE(*(*file)->is_current());
    std::vector<uint8_t> byte(1);
    REQUIRE((*file)->read(0, byte));  // the old file lives on for those who have it open
    CHECK(byte[0] == 1);
  }
  SECTION("removed") {
    REQUIRE(io::posix().remove(folder / "a"));
    CHECK_FALSE(*(*file)->is_current());
  }
}

TEST_CASE("posix file: a file at rest is opened again when something is asked of it", "[io]") {
  TemporaryFolder folder;
  const auto bytes = some_bytes(10'000);
  write_all(folder / "a", bytes);
  auto file = io::posix().open(folder / "a", Access::kRead);
  REQUIRE(file);
  std::vector<uint8_t> got(bytes.size());
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  const auto open = descriptors();
  (*file)->rest();
  (*file)->rest();
  CHECK(descriptors() == open - 1);
  REQUIRE((*file)->read(0, got));
  CHECK(got == bytes);
  CHECK(descriptors() == open);
  (*file)->rest();
  const auto mapping = (*file)->map();
  REQUIRE(mapping);
  (*file)->rest();
  CHECK(std::equal(bytes.begin(), bytes.end(), mapping->data));

  SECTION("not when another has taken its name") {
    write_all(folder / "b", bytes);
    std::filesystem::rename(folder / "b", folder / "a");
  }
  SECTION("not when it has another size") {
    std::filesystem::resize_file(folder / "a", 9'999);
  }
  SECTION("not when it is gone") {
    std::filesystem::remove(folder / "a");
    CHECK((*file)->map().error().code == ErrorCode::kNotFound);
    return;
  }
  for (const auto& error : {(*file)->map().error(), (*file)->size().error(), (*file)->read(0, got).error()}) {
    CHECK(error.code == ErrorCode::kIo);
    CHECK(contains(error.message, folder / "a"));
  }
}

TEST_CASE("posix file: a file open for writing keeps its lock at rest", "[io]") {
  TemporaryFolder folder;
  write_all(folder / "a", some_bytes(10));
  auto file = io::posix().open(folder / "a", Access::kWrite), other = io::posix().open(folder / "a", Access::kRead);
  REQUIRE((file && other));
  REQUIRE((*file)->lock());
  (*file)->rest();
  CHECK(*(*other)->is_locked_elsewhere());
}

TEST_CASE("posix file: too many open files is an error that says what to do", "[io]") {
  TemporaryFolder folder;
  write_all(folder / "a", some_bytes(10));
  struct rlimit before;
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  struct rlimit none = before;
  none.rlim_cur = 0;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto file = io::posix().open(folder / "a", Access::kRead);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE(!file);
  CHECK(file.error().code == ErrorCode::kIo);
  CHECK(contains(file.error().message, "ulimit -n"));
}

namespace {

// A file of which the system knows nothing: what it holds can only be read.
class MemoryFile final : public io::File {
 public:
  explicit MemoryFile(std::vector<uint8_t> bytes) : bytes_(std::move(bytes)) {}
  const std::string& path() const override { return path_; }
  Result<uint64_t> size() const override { return bytes_.size(); }
  Result<void> read(uint64_t offset, std::span<uint8_t> bytes) const override {
    if (offset > bytes_.size() || bytes.size() > bytes_.size() - offset) return fail(ErrorCode::kIo, "ends");
    std::copy_n(bytes_.begin() + static_cast<ptrdiff_t>(offset), bytes.size(), bytes.begin());
    return {};
  }
  Result<void> write(uint64_t, std::span<const uint8_t>) override { return no(); }
  Result<void> write_durable(uint64_t, std::span<const uint8_t>) override { return no(); }
  Result<void> copy_from(const File&, uint64_t, uint64_t, uint64_t) override { return no(); }
  Result<void> reserve(uint64_t) override { return no(); }
  Result<void> own_blocks() override { return no(); }
  Result<void> sync() override { return no(); }
  Result<io::Mapping> map() const override { return no(); }
  Result<io::Mapping> map_writable() override { return no(); }
  Result<void> lock() override { return no(); }
  Result<bool> is_locked_elsewhere() const override { return false; }
  Result<bool> is_current() const override { return true; }
  Result<io::FileId> id() const override { return io::FileId{}; }
  void take_permissions_of(const std::string&) override {}
  void evict() const override {}
  void rest() const override {}

 private:
  static tl::unexpected<Error> no() { return fail(ErrorCode::kIo, "only for reading"); }

  std::string path_ = "memory";
  std::vector<uint8_t> bytes_;
};

// Copies bytes [123, 123 + 2.5 MB) to byte 77 of a new file with 100 bytes in it, and looks at what is there.
void check_copy(const io::File& source, const std::vector<uint8_t>& content, const std::string& target) {
  constexpr size_t kFrom = 123, kTo = 77, kBytes = 2'500'000;
  auto file = io::posix().open(target, Access::kCreate);
  REQUIRE(file);
  const std::vector<uint8_t> before(100, 0xee);
  REQUIRE((*file)->write(0, before));
  REQUIRE((*file)->copy_from(source, kFrom, kTo, kBytes));
  REQUIRE((*file)->copy_from(source, kFrom, kTo, 0));
  const auto got = read_all(target);
  REQUIRE(got.size() == kTo + kBytes);
  CHECK(std::equal(got.begin(), got.begin() + kTo, before.begin()));
  CHECK(std::equal(got.begin() + kTo, got.end(), content.begin() + kFrom));
}

}  // namespace

TEST_CASE("posix file: bytes are copied from another file", "[io]") {
  TemporaryFolder folder;
  const auto bytes = some_bytes(3'000'000);
  write_all(folder / "source", bytes);
  auto source = io::posix().open(folder / "source", Access::kRead);
  REQUIRE(source);
  check_copy(**source, bytes, folder / "target");
  (*source)->rest();  // opened again where it must be
  check_copy(**source, bytes, folder / "another");
}

TEST_CASE("posix file: bytes are copied where the system cannot do it", "[io]") {
  TemporaryFolder folder;
  const auto bytes = some_bytes(3'000'000);
  check_copy(MemoryFile(bytes), bytes, folder / "target");

  // Another file system, where there is one: copy_file_range says EXDEV on most systems.
  const std::filesystem::path elsewhere = "/dev/shm";
  std::error_code error;
  if (!std::filesystem::is_directory(elsewhere, error) || ::access(elsewhere.c_str(), W_OK) != 0) return;
  const std::string path = elsewhere / ("windrow-copy-" + std::to_string(::getpid()));
  {
    auto source = io::posix().open(path, Access::kCreate);
    REQUIRE(source);
    std::filesystem::remove(path);
    REQUIRE((*source)->write(0, bytes));
    check_copy(**source, bytes, folder / "across");
  }
}

TEST_CASE("posix file: a source that ends too early is an error that says so", "[io]") {
  TemporaryFolder folder;
  write_all(folder / "source", some_bytes(1000));
  auto source = io::posix().open(folder / "source", Access::kRead);
  auto target = io::posix().open(folder / "target", Access::kCreate);
  REQUIRE(source);
  REQUIRE(target);
  const auto copied = (*target)->copy_from(**source, 500, 0, 501);
  REQUIRE(!copied);
  CHECK(copied.error().code == ErrorCode::kIo);
  CHECK(contains(copied.error().message, "source"));
  CHECK(contains(copied.error().message, "byte 1000"));
  CHECK(!(*target)->copy_from(**source, UINT64_MAX - 5, 0, 10));
  CHECK(!(*target)->copy_from(**source, 0, UINT64_MAX - 5, 10));
}
