#pragma once

#include <windrow/windrow.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "skipgram_error.h"
#include "skipgram_team.h"
#include "skipgram_words.h"

namespace skipgram {

// A run of bags of Samples.
struct Batch {
  std::span<const int32_t> centres;
  std::span<const int32_t> lengths;
  std::span<const int32_t> ids;
};

struct ModelOptions {
  int64_t dim = 64;
  int negatives = 5;
  windrow::Optimizer optimizer;
  uint64_t seed = 1;
  int threads = 1;
};

// Skip-gram with negative sampling on two tables: a word's vector as a centre, which is the result, and its vector as a
// neighbour. Both are files, trained in place.
class Model {
 public:
  // Creates `path` with one row per word, uniform in +-0.5 / dim, and `neighbours_path` with as many rows of zeros, as
  // word2vec.c does.
  static Result<Model> create(const std::string& path, const std::string& neighbours_path, const Words& words,
                              const ModelOptions& options);

  // One step for a batch: the loss is, over each centre c and each id i of its bag, with label 1 or 0,
  //
  //   -log sigmoid(c . i) for label 1, -log sigmoid(-(c . i)) for label 0
  //
  // All rows are read before the first is changed, and every sum has one order, so the result does not depend on the
  // number of threads.
  Result<void> step(const Batch& batch);

  Result<void> set_learning_rate(double lr);

  const windrow::Table& vectors() const { return centre_table_; }

  // Both files are complete; `tag` stands in that of the centres.
  Result<void> close(std::string_view tag);

 private:
  Model(windrow::Trainer centres, windrow::Trainer neighbours, const ModelOptions& options);

  // Fills vectors_, errors_ and gradients_ for the bags [begin, end), whose ids begin at first_id.
  Result<void> differentiate(const Batch& batch, size_t begin, size_t end, size_t first_id);

  size_t dim_;
  size_t group_;  // ids per neighbour
  std::unique_ptr<Team> team_;
  windrow::Trainer centres_, neighbours_;
  windrow::Table centre_table_, neighbour_table_;
  // Of the present batch; kept to save allocations.
  std::vector<float> vectors_;    // a row per centre
  std::vector<float> gradients_;  // of these
  std::vector<float> errors_;     // per id: the derivative of the loss with respect to the dot product
};

}  // namespace skipgram
