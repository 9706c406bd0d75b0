#pragma once

#include <windrow/error.h>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace windrow::tools {

// Lines of a stream, many at a time. A CR before the LF is dropped; the last line may lack its LF.
class TextLines {
 public:
  // `name` for messages. The stream stays the caller's.
  TextLines(std::FILE* stream, std::string name) : stream_(stream), name_(std::move(name)) {}

  // Replaces `lines` by the next ones, at least one unless the stream has ended. Valid until the next call.
  Result<void> next(std::vector<std::string_view>& lines);

 private:
  std::FILE* stream_;
  std::string name_;
  std::string buffer_;
  size_t done_ = 0;  // bytes of the buffer that were handed out
  bool ended_ = false;
};

// The runs of bytes between spaces (0x20 alone: tokens hold every other kind of space), added to `fields`.
void split_at_spaces(std::string_view line, std::vector<std::string_view>& fields);

}  // namespace windrow::tools
