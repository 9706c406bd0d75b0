#pragma once

#include <windrow/error.h>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "interrupt.h"

namespace windrow::tools {

// Lines of a file or of standard input, as they come: of a pipe those that are there. A CR before the LF is dropped; the
// last line may lack its LF.
class TextLines {
 public:
  // `path`: empty or - for standard input. With `interrupt`, a wait for input ends when it is asked for.
  static Result<TextLines> open(const std::string& path, const Interrupt* interrupt = nullptr);

  const std::string& name() const { return name_; }  // for messages

  // Replaces `lines` by the next ones, at least one unless the stream has ended. Valid until the next call.
  Result<void> next(std::vector<std::string_view>& lines);

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  // Appends what one read gives.
  Result<void> read_more();

  std::unique_ptr<std::FILE, Closer> file_;  // null for standard input
  int descriptor_ = 0;
  std::string name_;
  const Interrupt* interrupt_ = nullptr;
  std::string buffer_;
  size_t done_ = 0;  // bytes of the buffer that were handed out
  bool ended_ = false;
};

// The runs of bytes between spaces (0x20 alone: tokens hold every other kind of space), added to `fields`.
void split_at_spaces(std::string_view line, std::vector<std::string_view>& fields);

}  // namespace windrow::tools
