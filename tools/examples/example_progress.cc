#include "example_progress.h"

#include <unistd.h>

#include <cstdint>
#include <cstdio>

namespace examples {

std::string grouped(double value) {
  auto text = std::to_string(static_cast<uint64_t>(value + 0.5));
  for (size_t digits = 3, length = text.size(); digits < length; digits += 3) text.insert(length - digits, ",");
  return text;
}

std::string json_escaped(const std::string& text) {
  std::string json;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof(code), "\\u%04x", static_cast<unsigned>(c));
      json += code;
      continue;
    }
    if (c == '"' || c == '\\') json += '\\';
    json += c;
  }
  return json;
}

Progress::Progress(double total, const char* unit)
    : total_(total),
      unit_(unit),
      visible_(isatty(STDERR_FILENO) != 0),
      start_(Clock::now()),
      next_(start_ + std::chrono::milliseconds(300)) {}

void Progress::at(const std::string& what, double done) {
  if (!visible_ || done <= 0) return;
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  const double seconds = std::chrono::duration<double>(now - start_).count();
  std::fprintf(stderr, "\r%s  %.0f %%  %s %s/s  %.0f s left\x1b[K", what.c_str(), 100 * done,
               grouped(done * total_ / seconds).c_str(), unit_, seconds / done * (1 - done));
  drawn_ = true;
}

void Progress::clear() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);  // back to the first column, erase the line
  drawn_ = false;
}

std::string epoch_of(int epoch, int epochs) {
  return "epoch " + std::to_string(epoch + 1) + " of " + std::to_string(epochs);
}

}  // namespace examples
