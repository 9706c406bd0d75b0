#pragma once

#include <chrono>
#include <string>

namespace examples {

// "117,659"
std::string grouped(double value);

// The inside of a JSON string.
std::string json_escaped(const std::string& text);

// A line on standard error with rate and time left, when that is a terminal. clear() and the destructor take it away.
class Progress {
 public:
  // `total`: the whole work, in what `unit` names: "words".
  Progress(double total, const char* unit);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done`: the share of the work, 0 to 1.
  void at(const std::string& what, double done);

  // Before something else is printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  double total_;
  const char* unit_;
  bool visible_;
  bool drawn_ = false;
  Clock::time_point start_, next_;
};

// "epoch 2 of 5"
std::string epoch_of(int epoch, int epochs);

}  // namespace examples
