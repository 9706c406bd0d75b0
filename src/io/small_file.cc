#include "io/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "io/descriptor.h"

namespace windrow::io {

std::optional<std::string> read_small_file(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::string text;
  char piece[8192];
  for (;;) {
    const ssize_t n = ::read(file.get(), piece, sizeof(piece));
    if (n > 0)
      text.append(piece, static_cast<size_t>(n));
    else if (n == 0)
      return text;
    else if (errno != EINTR)
      return std::nullopt;
  }
}

}  // namespace windrow::io
