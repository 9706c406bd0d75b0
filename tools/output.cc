#include "output.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace windrow::tools {

namespace {

int first_error = 0;  // errno of the first write that failed

void remember(bool failed) {
  if (failed && first_error == 0) first_error = errno ? errno : EIO;
}

}  // namespace

void print(std::string_view text) {
  if (first_error != 0) return;
  errno = 0;
  remember(std::fwrite(text.data(), 1, text.size(), stdout) != text.size());
}

bool output_is_closed() {
  return first_error != 0;
}

void flush_output() {
  errno = 0;
  remember(std::fflush(stdout) != 0 || std::ferror(stdout) != 0);
}

Result<void> finish_output() {
  flush_output();
  if (first_error == 0 || first_error == EPIPE) return {};
  return fail(ErrorCode::kIo,
              "cannot write to standard output: ", std::string_view(std::strerror(first_error)));
}

bool output_is_terminal() {
  return isatty(STDOUT_FILENO) != 0;
}

}  // namespace windrow::tools
