#pragma once

#include <windrow/optimizer.h>

#include <cstdint>
#include <optional>
#include <string>

#include "example_two_tables.h"
#include "factorize_generate.h"
#include "factorize_samples.h"
#include "factorize_split.h"

namespace examples::factorize {

struct Options {
  std::string log;
  std::string users = "users.safetensors";
  std::string items = "items.safetensors";
  std::optional<double> min_rating;
  bool lenient = false;

  int64_t dim = 64;
  Loss loss = ranking_loss;
  int negatives = 4;
  Noise noise = Noise::kUniform;
  int epochs = 10;
  int64_t batch = 512;
  windrow::Optimizer optimizer = windrow::Adagrad{};
  double l2 = 0.005;

  std::optional<SplitKind> split;  // without: kTemporal where the log has times, else kRandom
  double test_share = 0.1;
  int64_t eval_users = 0;  // 0: as many as take little time
  std::string truth;       // folder of the tables that drew the log; empty: none
  std::string generate;    // the log to write; empty: none
  GeneratorOptions generator;

  uint64_t seed = 1;
  int threads = 0;
  bool json = false;
};

// Fills `options` from the command line. Returns -1, or the status with which the program should end at once: 0 after
// --help, 2 when it was used wrongly.
int parse_options(int argc, char** argv, Options& options);

}  // namespace examples::factorize
