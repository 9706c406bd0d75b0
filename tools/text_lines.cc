#include "text_lines.h"

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

Result<void> TextLines::next(std::vector<std::string_view>& lines) {
  lines.clear();
  buffer_.erase(0, done_);
  done_ = 0;
  size_t searched = 0;  // bytes that hold no LF
  while (!ended_ && buffer_.find('\n', searched) == std::string::npos) {
    searched = buffer_.size();
    buffer_.resize(searched + kBytesAtOnce);
    errno = 0;
    const size_t read = std::fread(buffer_.data() + searched, 1, kBytesAtOnce, stream_);
    buffer_.resize(searched + read);
    if (read == kBytesAtOnce) continue;
    if (std::ferror(stream_)) return fail(ErrorCode::kIo, name_, ": cannot be read: ", std::strerror(errno));
    ended_ = true;
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
