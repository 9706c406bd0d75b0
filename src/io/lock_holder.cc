#include "io/lock_holder.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

#include "base/fail.h"
#include "format/text.h"

namespace windrow::io {

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Whether an open file of a process is this one, and has a lock of it.
bool holds(const fs::path& process, const fs::path& number, const struct stat& file) {
  struct stat opened;
  if (::stat((process / "fd" / number).c_str(), &opened) != 0) return false;
  if (opened.st_dev != file.st_dev || opened.st_ino != file.st_ino) return false;
  return text_of(process / "fdinfo" / number).find("\nlock:") != std::string::npos;
}

bool is_number(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

std::string lock_holder(const struct stat& file) {
  std::error_code error;
  // Behind an error of either the iterators are at their ends.
  for (fs::directory_iterator process("/proc", error), end; process != end; process.increment(error)) {
    const std::string id = process->path().filename().string();
    if (!is_number(id)) continue;
    std::error_code unseen;
    for (fs::directory_iterator number(process->path() / "fd", unseen); number != end;
         number.increment(unseen)) {
      if (!holds(process->path(), number->path().filename(), file)) continue;
      std::string name = text_of(process->path() / "comm");
      if (!name.empty() && name.back() == '\n') name.pop_back();
      return concat(" (process ", id, ", ", in_quotes(name), ")");
    }
  }
  return {};
}

}  // namespace windrow::io
