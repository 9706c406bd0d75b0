#include "text_lines.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/fail.h"

namespace windrow::tools {

namespace {

constexpr size_t kBytesAtOnce = 1 << 20;

void add_line(std::string_view line, std::vector<std::string_view>& lines) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  lines.push_back(line);
}

}  // namespace

Result<TextLines> TextLines::open(const std::string& path, const Interrupt* interrupt) {
  TextLines lines;
  lines.interrupt_ = interrupt;
  lines.descriptor_ = STDIN_FILENO;
  lines.name_ = "standard input";
  if (path.empty() || path == "-") return lines;
  lines.name_ = path;
  lines.file_.reset(std::fopen(path.c_str(), "rb"));
  if (!lines.file_) return fail(ErrorCode::kIo, path, ": cannot be opened: ", std::strerror(errno));
  lines.descriptor_ = fileno(lines.file_.get());
  return lines;
}

Result<void> TextLines::read_more() {
  const size_t size = buffer_.size();
  buffer_.resize(size + kBytesAtOnce);
  ssize_t read = 0;
  do {
    read = ::read(descriptor_, buffer_.data() + size, kBytesAtOnce);
  } while (read < 0 && errno == EINTR && !(interrupt_ && interrupt_->asked()));
  buffer_.resize(size + static_cast<size_t>(std::max<ssize_t>(read, 0)));
  if (read < 0 && errno == EINTR) return fail(ErrorCode::kIo, name_, ": interrupted");
  if (read < 0) return fail(ErrorCode::kIo, name_, ": cannot be read: ", std::strerror(errno));
  ended_ = read == 0;
  return {};
}

Result<void> TextLines::next(std::vector<std::string_view>& lines) {
  lines.clear();
  buffer_.erase(0, done_);
  done_ = 0;
  size_t searched = 0;  // bytes that hold no LF
  while (!ended_ && buffer_.find('\n', searched) == std::string::npos) {
    searched = buffer_.size();
    if (auto read = read_more(); !read) return read;
  }
  const std::string_view text = buffer_;
  for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', done_)) {
    add_line(text.substr(done_, end - done_), lines);
    done_ = end + 1;
  }
  if (ended_ && done_ < text.size()) {
    add_line(text.substr(done_), lines);
    done_ = text.size();
  }
  return {};
}

void split_at_spaces(std::string_view line, std::vector<std::string_view>& fields) {
  while (true) {
    const size_t begin = line.find_first_not_of(' ');
    if (begin == std::string_view::npos) return;
    const size_t end = line.find(' ', begin);
    fields.push_back(line.substr(begin, end - begin));
    if (end == std::string_view::npos) return;
    line.remove_prefix(end);
  }
}

}  // namespace windrow::tools
