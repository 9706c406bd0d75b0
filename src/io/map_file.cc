#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "base/checked.h"
#include "io/posix_file.h"
#include "io/system_error.h"

namespace windrow::io {

// A 2 MiB folio of the page cache is mapped by one page table entry only where file offset and address agree
// modulo 2 MiB. So: reserve 2 MiB more than needed, map the file over the aligned part, give back the rest.
Result<Mapping> map_file(int descriptor, uint64_t size, bool writable, const std::string& path) {
  constexpr uint64_t kAlign = uint64_t{2} << 20;
  if (size == 0) return Mapping{};

  const uint64_t mapped = round_up(size, static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)));
  const uint64_t reserved = mapped + kAlign;
  void* reservation =
      ::mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reservation == MAP_FAILED)
    return fail_system(errno, path, "reserve ", reserved, " bytes of address space");

  auto* begin = static_cast<uint8_t*>(reservation);
  const uint64_t before =
      round_up(reinterpret_cast<uintptr_t>(begin), kAlign) - reinterpret_cast<uintptr_t>(begin);
  uint8_t* data = begin + before;
  const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  if (::mmap(data, mapped, protection, MAP_SHARED | MAP_FIXED, descriptor, 0) == MAP_FAILED) {
    const int error = errno;
    ::munmap(reservation, reserved);
    return fail_system(error, path, "map ", size, " bytes", writable ? " for writing" : "");
  }
  if (before) ::munmap(begin, before);
  if (const uint64_t behind = kAlign - before) ::munmap(data + mapped, behind);

  std::shared_ptr<void> owner(data, [mapped](void* address) { ::munmap(address, mapped); });
  return Mapping{data, size, std::move(owner)};
}

}  // namespace windrow::io
