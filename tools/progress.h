#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace windrow::tools {

// A bar on standard error with rate and time left; nothing at all unless that is a terminal. The destructor
// takes it away again, so that only results stay.
class Progress {
 public:
  // `total` 0: not known. `unit` is what is counted, such as "rows".
  Progress(std::string what, uint64_t total, std::string unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Redraws at most ten times a second.
  void at(uint64_t done);

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  uint64_t total_;
  std::string unit_;
  bool visible_;
  bool drawn_ = false;
  Clock::time_point start_;
  Clock::time_point next_;
};

}  // namespace windrow::tools
