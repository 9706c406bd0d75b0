#include "skipgram_model.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace skipgram {

namespace {

using windrow::Bags;
using windrow::Pooling;
using windrow::RowsIn;
using windrow::RowsOut;
using windrow::Table;
using windrow::Trainer;

// The logistic function from a table, as in word2vec.c but finer: the error is below 0.002 up to +-6, where it ends.
class SigmoidTable {
 public:
  SigmoidTable() {
    for (size_t i = 0; i < kEntries; ++i) {
      values_[i] = 1 / (1 + std::exp(kLimit - (static_cast<float>(i) + 0.5f) / kScale));
    }
  }

  float operator()(float x) const {
    const float place = (std::clamp(x, -kLimit, kLimit) + kLimit) * kScale;
    return values_[std::min(static_cast<size_t>(place), kEntries - 1)];
  }

 private:
  static constexpr size_t kEntries = 2048;
  static constexpr float kLimit = 6;
  static constexpr float kScale = kEntries / (2 * kLimit);
  std::array<float, kEntries> values_;
};

Result<Trainer> create_and_open(const std::string& path, const windrow::TableSpec& spec) {
  if (auto created = Table::create(path, spec); !created) return pass(created);
  return Trainer::open(path, *spec.optimizer);
}

}  // namespace

Result<Model> Model::create(const std::string& path, const std::string& neighbours_path, const Words& words,
                            const ModelOptions& options) {
  windrow::TableSpec spec;
  spec.rows = static_cast<int64_t>(words.spellings.size());
  spec.format = windrow::RowFormat::f32(options.dim);
  spec.init = {windrow::Init::Kind::kUniform, 0.5f / static_cast<float>(options.dim)};
  spec.seed = options.seed;
  spec.optimizer = options.optimizer;
  spec.tokens = words.spellings;
  auto centres = create_and_open(path, spec);
  if (!centres) return pass(centres);
  spec.init = {windrow::Init::Kind::kZeros};
  auto neighbours = create_and_open(neighbours_path, spec);
  if (!neighbours) return pass(neighbours);
  return Model(std::move(*centres), std::move(*neighbours), options);
}

Model::Model(Trainer centres, Trainer neighbours, const ModelOptions& options)
    : options_(options),
      centres_(std::move(centres)),
      neighbours_(std::move(neighbours)),
      centre_table_(centres_.table()),
      neighbour_table_(neighbours_.table()) {}

Result<void> Model::step(const Batch& batch) {
  static const SigmoidTable sigmoid;
  const auto dim = static_cast<size_t>(options_.dim);
  vectors_.resize(batch.centres.size() * dim);
  gradients_.resize(batch.centres.size() * dim);
  errors_.resize(batch.ids.size());
  Bags bags;
  bags.ids = batch.ids;
  bags.lengths = batch.lengths;
  windrow::LookupOptions lookup;
  lookup.threads = options_.threads;
  windrow::StepOptions training;
  training.threads = options_.threads;

  // Forward: the vectors of the centres, and their dot product with every row of their bags.
  auto done = windrow::gather(centre_table_, batch.centres, RowsOut(vectors_, dim), lookup);
  if (!done) return done;
  done = windrow::dot_bags(neighbour_table_, bags, RowsIn(vectors_, dim), errors_, lookup);
  if (!done) return done;

  // The loss's derivative: sigmoid(dot) - label.
  const size_t group = 1 + static_cast<size_t>(options_.negatives);
  for (float& dot : errors_) dot = sigmoid(dot);
  for (size_t i = 0; i < errors_.size(); i += group) errors_[i] -= 1;

  // Backward: a centre's gradient is the sum of its bag's rows times their errors, and that of a row in a bag is the
  // centre's vector times its error, which is what a step from pooled gradients computes.
  bags.weights = errors_;
  done = windrow::pool(neighbour_table_, bags, Pooling::kSum, RowsOut(gradients_, dim), lookup);
  if (!done) return done;
  auto stepped = neighbours_.step(bags, Pooling::kSum, RowsIn(vectors_, dim), training);
  if (!stepped) return pass(stepped);
  stepped = centres_.step(batch.centres, RowsIn(gradients_, dim), training);
  if (!stepped) return pass(stepped);
  return {};
}

Result<void> Model::set_learning_rate(double lr) {
  if (auto set = centres_.set_learning_rate(lr); !set) return set;
  return neighbours_.set_learning_rate(lr);
}

Result<void> Model::close(std::string_view tag) {
  if (auto closed = neighbours_.close(); !closed) return closed;
  return centres_.close(tag);
}

}  // namespace skipgram
