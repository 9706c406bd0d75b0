#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "io/descriptor.h"
#include "io/posix_file.h"
#include "io/small_file.h"
#include "io/system_error.h"

namespace windrow::io {

namespace {

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, Access access) override {
    return open_posix_file(path, access);
  }

  Result<bool> exists(const std::string& path) const override {
    struct stat status;
    if (::stat(path.c_str(), &status) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return fail_system(errno, path, "look for the file");
  }

  Result<FileId> id_of(const std::string& path) const override {
    struct stat status;
    if (::stat(path.c_str(), &status) != 0) return fail_system(errno, path, "identify the file");
    return id_from(status);
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail_system(errno, from, "rename to ", to);
    return {};
  }

  Result<void> remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return fail_system(errno, path, "remove the file");
    return {};
  }

  Result<void> sync_folder_of(const std::string& path) override {
    const std::string folder = folder_of(path);
    Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!descriptor) return fail_system(errno, folder, "open the folder");
    // EINVAL: this file system has no sync of folders. PostgreSQL (fsync_fname_ext) goes on then, too.
    if (::fsync(descriptor.get()) != 0 && errno != EINVAL)
      return fail_system(errno, folder, "sync the folder to disk");
    return {};
  }

  Result<std::vector<std::string>> list_folder_of(const std::string& path) const override {
    const std::string folder = folder_of(path);
    std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.c_str()),
                                                [](DIR* d) { return ::closedir(d); });
    if (!entries) return fail_system(errno, folder, "list the folder");
    std::vector<std::string> names;
    for (;;) {
      errno = 0;  // readdir returns null both at the end and after an error
      const dirent* entry = ::readdir(entries.get());
      if (!entry) break;
      std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(std::move(name));
    }
    if (errno != 0) return fail_system(errno, folder, "list the folder");
    std::sort(names.begin(), names.end());
    return names;
  }

  std::string resolve(const std::string& path) const override {
    std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
    return real ? std::string(real.get()) : path;
  }

  // All zeros where the system does not tell: nobody may take that for the same boot.
  std::array<uint8_t, 16> boot_id() const override {
    std::array<uint8_t, 16> id{};
    const auto text = read_small_file("/proc/sys/kernel/random/boot_id");
    if (!text) return id;
    size_t digits = 0;
    for (const char c : *text) {
      const int value = hex_digit(c);
      if (value < 0 || digits == 2 * id.size()) continue;  // dashes, and the end of the line
      id[digits / 2] = static_cast<uint8_t>(id[digits / 2] << 4 | value);
      ++digits;
    }
    return id;
  }

  uint64_t random64() override {
    uint64_t value;
    ssize_t n;
    do {
      n = ::getrandom(&value, sizeof(value), 0);
    } while (n < 0 && errno == EINTR);
    if (n == sizeof(value)) return value;
    // Only sandboxes forbid the call. Time and process still tell two writers apart, which is all that is
    // needed.
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const uint64_t nanoseconds =
        static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
    return nanoseconds ^ static_cast<uint64_t>(::getpid()) << 40;
  }
};

}  // namespace

FileSystem& posix() {
  static PosixFileSystem system;
  return system;
}

}  // namespace windrow::io
