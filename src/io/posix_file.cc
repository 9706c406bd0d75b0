#include "io/posix_file.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "io/descriptor.h"
#include "io/lock_holder.h"
#include "io/system_error.h"

namespace windrow::io {

namespace {

constexpr size_t kCopyBuffer = 1 << 20;

// Offsets are signed in the system's interface; -1 even has a meaning of its own in pwritev2.
bool fits_a_file(uint64_t offset, size_t bytes) {
  constexpr uint64_t kMax = std::numeric_limits<off_t>::max();
  return offset <= kMax && bytes <= kMax - offset;
}

// Does `once(done)` until `bytes` bytes are done. `once` returns what the system call returned, which may be
// less than was asked for. Returns 0, an errno value, or -1 when the call did nothing and reported no error.
template <class Once>
int repeat(size_t bytes, size_t& done, Once once) {
  done = 0;
  while (done < bytes) {
    const ssize_t n = once(done);
    if (n > 0) {
      done += static_cast<size_t>(n);
    } else if (n == 0) {
      return -1;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

Result<Descriptor> open_descriptor(const std::string& path, Access access) {
  // O_NONBLOCK: to open a pipe must not wait for its other end; regular files ignore it.
  int flags = O_CLOEXEC | O_NONBLOCK;
  const char* attempt = "open for reading";
  switch (access) {
    case Access::kRead:
      flags |= O_RDONLY;
      break;
    case Access::kWrite:
      flags |= O_RDWR;
      attempt = "open for writing";
      break;
    case Access::kCreate:
    case Access::kCreatePrivate:
      flags |= O_RDWR | O_CREAT | O_EXCL;
      attempt = "create";
      break;
  }
  int number;
  do {
    number = ::open(path.c_str(), flags, access == Access::kCreatePrivate ? 0600 : 0666);
  } while (number < 0 && errno == EINTR);
  if (number < 0) {
    if (errno == EMFILE) {
      return fail(ErrorCode::kIo, path, ": cannot ", std::string_view(attempt),
                  ": this process has as many files open as it may (raise the limit: `ulimit -n`)");
    }
    if (errno == EISDIR) return fail(ErrorCode::kIo, path, ": is a folder, not a file");
    return fail_system(errno, path, attempt);
  }
  Descriptor descriptor(number);
  // What was made just now is a file.
  if (access == Access::kCreate || access == Access::kCreatePrivate) return descriptor;
  struct stat status;
  if (::fstat(number, &status) != 0) return fail_system(errno, path, attempt);
  if (S_ISDIR(status.st_mode)) return fail(ErrorCode::kIo, path, ": is a folder, not a file");
  if (S_ISFIFO(status.st_mode)) return fail(ErrorCode::kIo, path, ": is a pipe, not a file");
  return descriptor;
}

class PosixFile final : public File {
 public:
  PosixFile(std::string path, Access access, Descriptor descriptor)
      : path_(std::move(path)), may_rest_(access == Access::kRead) {
    fd_.emplace(std::move(descriptor));
  }

  const std::string& path() const override { return path_; }

  Result<uint64_t> size() const override {
    if (auto awake = wake(); !awake) return pass(awake);
    struct stat status;
    if (::fstat(fd_->get(), &status) != 0) return fail_system(errno, path_, "find the size");
    return static_cast<uint64_t>(status.st_size);
  }

  Result<void> read(uint64_t offset, std::span<uint8_t> bytes) const override {
    if (auto awake = wake(); !awake) return pass(awake);
    size_t done = 0;
    const int error =
        !fits_a_file(offset, bytes.size()) ? EINVAL : repeat(bytes.size(), done, [&](size_t at) {
          return ::pread(fd_->get(), bytes.data() + at, bytes.size() - at, static_cast<off_t>(offset + at));
        });
    if (error == -1) {
      return fail(ErrorCode::kIo, path_, ": cannot read ", bytes.size(), " bytes at byte ", offset,
                  ": the file ends at byte ", offset + done, ". Has it been truncated?");
    }
    if (error) return fail_system(error, path_, "read ", bytes.size(), " bytes at byte ", offset);
    return {};
  }

  Result<void> write(uint64_t offset, std::span<const uint8_t> bytes) override {
    return write_by(offset, bytes, [&](size_t at) {
      return ::pwrite(fd_->get(), bytes.data() + at, bytes.size() - at, static_cast<off_t>(offset + at));
    });
  }

  Result<void> write_durable(uint64_t offset, std::span<const uint8_t> bytes) override {
    bool supported = true;
    auto written = write_by(offset, bytes, [&](size_t at) {
      // The system call wants a writable pointer for reads and writes alike; it does not write here.
      const iovec range{const_cast<uint8_t*>(bytes.data()) + at, bytes.size() - at};
      const ssize_t n = ::pwritev2(fd_->get(), &range, 1, static_cast<off_t>(offset + at), RWF_DSYNC);
      if (n < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL)) supported = false;
      return n;
    });
    if (supported) return written;
    if (auto plain = write(offset, bytes); !plain) return plain;
    return sync();
  }

  Result<void> copy_from(const File& source, uint64_t from_offset, uint64_t to_offset,
                         uint64_t bytes) override {
    uint64_t done = 0;
    if (const auto* other = dynamic_cast<const PosixFile*>(&source)) {
      if (auto awake = other->wake(); !awake) return awake;
      const int error = copy_in_system(*other, from_offset, to_offset, bytes, done);
      if (error != 0) {
        return fail_system(error, path_, "copy ", bytes - done, " bytes of ", source.path(), " to byte ",
                           to_offset + done);
      }
    }
    std::vector<uint8_t> buffer(static_cast<size_t>(std::min<uint64_t>(bytes - done, kCopyBuffer)));
    while (done < bytes) {
      const auto part =
          std::span(buffer).first(static_cast<size_t>(std::min<uint64_t>(bytes - done, buffer.size())));
      if (auto read = source.read(from_offset + done, part); !read) return read;
      if (auto written = write(to_offset + done, part); !written) return written;
      done += part.size();
    }
    return {};
  }

  Result<void> reserve(uint64_t bytes) override {
    if (bytes == 0) return {};
    if (!fits_a_file(bytes, 0)) return fail_system(EFBIG, path_, "reserve ", bytes, " bytes");
    int result;
    do {
      result = ::fallocate(fd_->get(), 0, 0, static_cast<off_t>(bytes));
    } while (result != 0 && errno == EINTR);
    if (result == 0) return {};
    if (errno != EOPNOTSUPP && errno != ENOSYS) return fail_system(errno, path_, "reserve ", bytes, " bytes");
    // Only the length can be had here.
    auto present = size();
    if (!present) return pass(present);
    if (*present >= bytes) return {};
    do {
      result = ::ftruncate(fd_->get(), static_cast<off_t>(bytes));
    } while (result != 0 && errno == EINTR);
    if (result != 0) return fail_system(errno, path_, "lengthen the file to ", bytes, " bytes");
    return {};
  }

  Result<void> own_blocks() override {
    auto bytes = size();
    if (!bytes) return pass(bytes);
    if (auto filled = reserve(*bytes); !filled) return filled;
    int result;
    do {
      result = ::fallocate(fd_->get(), FALLOC_FL_UNSHARE_RANGE, 0, static_cast<off_t>(*bytes));
    } while (result != 0 && errno == EINTR);
    // Most file systems share nothing, and say that they know no such thing.
    if (result == 0 || (errno != ENOSPC && errno != EDQUOT && errno != EIO)) return {};
    return fail_system(errno, path_, "take blocks of its own for a file that shares them with a copy");
  }

  // Never repeated after an error, EINTR included: the system may have dropped the failed pages, and the
  // second call would report a success that means nothing.
  Result<void> sync() override {
    if (::fdatasync(fd_->get()) != 0) return fail_system(errno, path_, "sync the file to disk");
    return {};
  }

  Result<Mapping> map() const override { return map_as(false); }
  Result<Mapping> map_writable() override { return map_as(true); }

  // Locks of the open file description: a second open of the same file, in this process too, is another
  // holder, and no close() of some other descriptor drops them, unlike with POSIX's locks (fcntl(2)).
  Result<void> lock() override {
    struct flock range = whole_file();
    if (::fcntl(fd_->get(), F_OFD_SETLK, &range) == 0) return {};
    if (errno == EAGAIN || errno == EACCES) {
      struct stat mine;
      const std::string holder = ::fstat(fd_->get(), &mine) == 0 ? lock_holder(mine) : std::string();
      return fail(ErrorCode::kBusy, path_, ": another trainer holds the table", holder,
                  ": wait until it has closed it");
    }
    return fail_system(errno, path_, "lock the file");
  }

  Result<bool> is_locked_elsewhere() const override {
    if (auto awake = wake(); !awake) return pass(awake);
    struct flock range = whole_file();
    if (::fcntl(fd_->get(), F_OFD_GETLK, &range) != 0)
      return fail_system(errno, path_, "ask for the file's lock");
    return range.l_type != F_UNLCK;
  }

  Result<bool> is_current() const override {
    if (auto awake = wake(); !awake) return pass(awake);
    struct stat mine, named;
    if (::fstat(fd_->get(), &mine) != 0) return fail_system(errno, path_, "identify the open file");
    if (::stat(path_.c_str(), &named) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return false;
      return fail_system(errno, path_, "identify the file");
    }
    return mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
  }

  Result<FileId> id() const override {
    if (auto awake = wake(); !awake) return pass(awake);
    struct stat mine;
    if (::fstat(fd_->get(), &mine) != 0) return fail_system(errno, path_, "identify the open file");
    return id_from(mine);
  }

  void take_permissions_of(const std::string& path) override {
    struct stat status;
    if (::stat(path.c_str(), &status) == 0) (void)::fchmod(fd_->get(), status.st_mode & 0777);
  }

  void evict() const override {
    if (wake()) ::posix_fadvise(fd_->get(), 0, 0, POSIX_FADV_DONTNEED);
  }

  void rest() const override {
    if (!may_rest_ || !fd_ || ::fstat(fd_->get(), &seen_) != 0) return;
    fd_.reset();
  }

 private:
  // Opens the file again after rest().
  Result<void> wake() const {
    if (fd_) return {};
    auto opened = open_descriptor(path_, Access::kRead);
    if (!opened) return pass(opened);
    struct stat now;
    if (::fstat(opened->get(), &now) != 0) return fail_system(errno, path_, "identify the file");
    if (now.st_dev != seen_.st_dev || now.st_ino != seen_.st_ino || now.st_size != seen_.st_size) {
      return fail(
          ErrorCode::kIo, path_,
          ": the file has been replaced, or has another size, since its header was read: open it again");
    }
    fd_.emplace(std::move(*opened));
    return {};
  }

  // copy_file_range(2). Returns an errno value, or 0 when everything is copied or this is no way for these two files;
  // `done` says how far it came.
  int copy_in_system(const PosixFile& source, uint64_t from_offset, uint64_t to_offset, uint64_t bytes,
                     uint64_t& done) {
    if (!fits_a_file(from_offset, bytes) || !fits_a_file(to_offset, bytes)) return EFBIG;
    while (done < bytes) {
      auto from = static_cast<off_t>(from_offset + done), to = static_cast<off_t>(to_offset + done);
      const ssize_t n = ::copy_file_range(source.fd_->get(), &from, fd_->get(), &to, bytes - done, 0);
      if (n > 0) {
        done += static_cast<uint64_t>(n);
      } else if (n == 0) {
        return 0;  // the source's end, which reading will report; or an old kernel that knows no better
      } else if (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS) {
        return 0;
      } else if (errno != EINTR) {
        return errno;
      }
    }
    return 0;
  }

  static struct flock whole_file() {
    struct flock range {};  // l_len 0: to the end, however far that moves; l_pid must be 0
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    return range;
  }

  template <class Once>
  Result<void> write_by(uint64_t offset, std::span<const uint8_t> bytes, Once once) {
    size_t done = 0;
    int error = fits_a_file(offset, bytes.size()) ? repeat(bytes.size(), done, once) : EFBIG;
    if (error == -1) error = EIO;  // nothing written and no reason given: seen on broken drivers only
    if (error) return fail_system(error, path_, "write ", bytes.size(), " bytes at byte ", offset);
    return {};
  }

  Result<Mapping> map_as(bool writable) const {
    auto bytes = size();
    if (!bytes) return pass(bytes);
    return map_file(fd_->get(), *bytes, writable, path_);
  }

  std::string path_;
  bool may_rest_;
  mutable std::optional<Descriptor> fd_;  // none while the file rests; then `seen_` is what it was
  mutable struct stat seen_ {};
};

}  // namespace

Result<std::unique_ptr<File>> open_posix_file(const std::string& path, Access access) {
  auto descriptor = open_descriptor(path, access);
  if (!descriptor) return pass(descriptor);
  return std::make_unique<PosixFile>(path, access, std::move(*descriptor));
}

}  // namespace windrow::io
