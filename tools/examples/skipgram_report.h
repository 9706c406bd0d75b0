#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "skipgram_quality.h"

namespace skipgram {

// What the program says when it is done.
struct Summary {
  std::string output;
  size_t sentences = 0;
  size_t words = 0;   // different ones, each a row
  size_t tokens = 0;  // all words of the text, rare ones included
  int epochs = 0;
  double seconds = 0;  // of training
  std::optional<Quality> quality;

  double words_per_second() const {
    return seconds > 0 ? static_cast<double>(tokens) * epochs / seconds : 0;
  }
};
void print_text(const Summary& summary);
void print_json(const Summary& summary);

// A line on standard error with rate and time left, when that is a terminal. The destructor takes it away again.
class Progress {
 public:
  explicit Progress(int epochs, double total_tokens);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done`: the share of the work, 0 to 1.
  void at(int epoch, double done);

 private:
  using Clock = std::chrono::steady_clock;

  int epochs_;
  double total_tokens_;
  bool visible_;
  bool drawn_ = false;
  Clock::time_point start_, next_;
};

}  // namespace skipgram
