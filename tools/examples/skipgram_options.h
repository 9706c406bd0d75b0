#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace examples::skipgram {

struct Options {
  std::vector<std::string> texts;
  std::string output = "words.safetensors";
  std::string neighbours;  // empty: not kept
  int64_t dim = 64;
  int window = 5;
  int negatives = 5;
  double sample = 1e-3;
  int64_t min_count = 5;
  int epochs = 5;
  double alpha = 0.025;
  int64_t batch = 0;  // 0: chosen by the text
  uint64_t seed = 1;
  int threads = 0;
  bool json = false;
};

// Fills `options` from the command line. Returns -1, or the status with which the program should end at once: 0 after
// --help, 2 when it was used wrongly.
int parse_options(int argc, char** argv, Options& options);

}  // namespace examples::skipgram
