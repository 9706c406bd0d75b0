#include "faults/failing_system.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>

#include "support/operator_new.h"

namespace {

std::atomic<bool> armed = false;
std::atomic<uint64_t> seen = 0;
std::atomic<const char*> last_failed = nullptr;
failing::What what_fails;
uint64_t fails_at = 0;  // 0: not armed
int fails_with;
bool fails_for_ever;

bool fails(failing::What what, const char* name) {
  if (!armed || what != what_fails) return false;
  const uint64_t number = ++seen;
  if (number != fails_at && !(fails_for_ever && number > fails_at)) return false;
  last_failed = name;
  errno = fails_with;
  return true;
}

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

namespace failing {

void arm(What what, uint64_t at, int error, bool for_ever) {
  what_fails = what;
  fails_at = at;
  fails_with = error;
  fails_for_ever = for_ever;
  seen = 0;
  last_failed = nullptr;
  armed = true;
}
void disarm() {
  armed = false;
  fails_at = 0;
}
Pause::Pause() { armed = false; }
Pause::~Pause() { armed = fails_at > 0; }
uint64_t count() { return seen; }
const char* failed() { return last_failed; }

}  // namespace failing

void before_allocation() {
  if (fails(failing::What::kMemory, "new")) throw std::bad_alloc();
}

// Named as the C library's headers name them for 64-bit offsets.
#define WINDROW_FAILING(result, name, failure, parameters, arguments)                \
  extern "C" result name parameters {                                                \
    static auto* const call = real<result parameters>(#name);                        \
    return fails(failing::What::kCalls, #name) ? failure : call arguments;           \
  }

WINDROW_FAILING(ssize_t, pread64, -1, (int fd, void* to, size_t n, off64_t at), (fd, to, n, at))
WINDROW_FAILING(ssize_t, pwrite64, -1, (int fd, const void* from, size_t n, off64_t at), (fd, from, n, at))
WINDROW_FAILING(ssize_t, pwritev64v2, -1, (int fd, const iovec* parts, int count, off64_t at, int flags),
                (fd, parts, count, at, flags))
WINDROW_FAILING(ssize_t, copy_file_range, -1, (int from, off64_t* at, int to, off64_t* to_at, size_t n, unsigned flags),
                (from, at, to, to_at, n, flags))
WINDROW_FAILING(int, fallocate64, -1, (int fd, int mode, off64_t at, off64_t n), (fd, mode, at, n))
WINDROW_FAILING(int, ftruncate64, -1, (int fd, off64_t n), (fd, n))
WINDROW_FAILING(int, fdatasync, -1, (int fd), (fd))
WINDROW_FAILING(int, fsync, -1, (int fd), (fd))
WINDROW_FAILING(int, rename, -1, (const char* from, const char* to), (from, to))
WINDROW_FAILING(int, unlink, -1, (const char* path), (path))
WINDROW_FAILING(int, fstat64, -1, (int fd, struct stat64* to), (fd, to))
WINDROW_FAILING(int, stat64, -1, (const char* path, struct stat64* to), (path, to))
WINDROW_FAILING(DIR*, opendir, nullptr, (const char* path), (path))
WINDROW_FAILING(void*, mmap64, MAP_FAILED, (void* at, size_t n, int protection, int flags, int fd, off64_t from),
                (at, n, protection, flags, fd, from))

extern "C" int open64(const char* path, int flags, ...) {
  static auto* const call = real<int(const char*, int, ...)>("open64");
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return fails(failing::What::kCalls, "open64") ? -1 : call(path, flags, mode);
}

extern "C" int fcntl64(int fd, int command, ...) {
  static auto* const call = real<int(int, int, ...)>("fcntl64");
  va_list more;
  va_start(more, command);
  void* const argument = va_arg(more, void*);
  va_end(more);
  return fails(failing::What::kCalls, "fcntl64") ? -1 : call(fd, command, argument);
}
