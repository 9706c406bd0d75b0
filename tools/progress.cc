#include "progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/fail.h"
#include "units.h"

namespace windrow::tools {

Progress::Progress(std::string what, uint64_t total, std::string unit)
    : what_(std::move(what)),
      total_(total),
      unit_(std::move(unit)),
      visible_(isatty(STDERR_FILENO) != 0),
      start_(Clock::now()),
      next_(start_ + std::chrono::milliseconds(500)) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);  // back to the first column, erase the line
}

void Progress::at(uint64_t done) {
  if (!visible_) return;
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done) / seconds;
  std::string line = concat(what_, "  ");
  if (total_ > 0) {
    constexpr size_t kWidth = 24;
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
    const auto filled = static_cast<size_t>(share * kWidth);
    line += concat("[", std::string(filled, '#'), std::string(kWidth - filled, ' '), "] ",
                   static_cast<int>(share * 100), " %  ");
  }
  line += concat(with_digits(rate, 0), " ", unit_, "/s");
  if (total_ > done && rate > 0)
    line += concat("  ", human_seconds(static_cast<double>(total_ - done) / rate), " left");
  std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
  drawn_ = true;
}

}  // namespace windrow::tools
