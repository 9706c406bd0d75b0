#include "skipgram_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

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
    : dim_(static_cast<size_t>(options.dim)),
      group_(1 + static_cast<size_t>(options.negatives)),
      team_(std::make_unique<Team>(options.threads)),
      centres_(std::move(centres)),
      neighbours_(std::move(neighbours)),
      centre_table_(centres_.table()),
      neighbour_table_(neighbours_.table()) {}

Result<void> Model::step(const Batch& batch) {
  vectors_.resize(batch.centres.size() * dim_);
  gradients_.resize(batch.centres.size() * dim_);
  errors_.resize(batch.ids.size());

  // Bags are shared among the threads: lookups may run beside one another.
  const auto threads = static_cast<size_t>(team_->threads());
  std::vector<Result<void>> done(threads);
  team_->run([&](int thread) {
    const auto t = static_cast<size_t>(thread);
    const size_t begin = batch.centres.size() * t / threads;
    const size_t end = batch.centres.size() * (t + 1) / threads;
    const auto before = batch.lengths.first(begin);
    const auto first_id = std::accumulate(before.begin(), before.end(), size_t{0});
    done[t] = differentiate(batch, begin, end, first_id);
  });
  for (const auto& result : done) {
    if (!result) return result;
  }

  // The gradient of a row in a bag is the centre's vector times its error, which is a step from pooled gradients. The
  // two tables are independent of one another.
  Bags bags;
  bags.ids = batch.ids;
  bags.lengths = batch.lengths;
  bags.weights = errors_;
  Result<windrow::StepReport> stepped[2];
  team_->run([&](int thread) {
    const windrow::StepOptions options = {.threads = 1};
    if (thread == 0) stepped[0] = neighbours_.step(bags, Pooling::kSum, RowsIn(vectors_, dim_), options);
    if (thread != team_->threads() - 1) return;
    stepped[1] = centres_.step(batch.centres, RowsIn(gradients_, dim_), options);
  });
  for (auto& result : stepped) {
    if (!result) return pass(result);
  }
  return {};
}

Result<void> Model::differentiate(const Batch& batch, size_t begin, size_t end, size_t first_id) {
  static const SigmoidTable sigmoid;
  const auto centres = batch.centres.subspan(begin, end - begin);
  const auto vectors = std::span(vectors_).subspan(begin * dim_, centres.size() * dim_);
  const auto gradients = std::span(gradients_).subspan(begin * dim_, centres.size() * dim_);
  Bags bags;
  const auto lengths = batch.lengths.subspan(begin, centres.size());
  bags.lengths = lengths;
  const auto count = std::accumulate(lengths.begin(), lengths.end(), size_t{0});
  const auto errors = std::span(errors_).subspan(first_id, count);
  bags.ids = batch.ids.subspan(first_id, count);

  // The vectors of the centres, and their dot product with every row of their bags.
  auto done = windrow::gather(centre_table_, centres, RowsOut(vectors, dim_), {.threads = 1});
  if (!done) return tl::make_unexpected(done.error());
  done = windrow::dot_bags(neighbour_table_, bags, RowsIn(vectors, dim_), errors, {.threads = 1});
  if (!done) return tl::make_unexpected(done.error());

  // The derivative of the loss with respect to each: sigmoid(dot) - label.
  for (float& dot : errors) dot = sigmoid(dot);
  for (size_t i = 0; i < errors.size(); i += group_) errors[i] -= 1;

  // A centre's gradient is the sum of its bag's rows times their errors.
  bags.weights = errors;
  done = windrow::pool(neighbour_table_, bags, Pooling::kSum, RowsOut(gradients, dim_), {.threads = 1});
  if (!done) return tl::make_unexpected(done.error());
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
