#include "example_two_tables.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <future>
#include <numeric>
#include <thread>
#include <utility>

namespace examples {

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

const SigmoidTable& sigmoid_table() {
  static const SigmoidTable table;
  return table;
}

}  // namespace

void Samples::clear() {
  centres.clear();
  lengths.clear();
  ids.clear();
}

void logistic_loss(std::span<float> scores, size_t group) {
  const auto& sigmoid = sigmoid_table();
  for (float& score : scores) score = sigmoid(score);
  for (size_t i = 0; i < scores.size(); i += group) scores[i] -= 1;
}

void ranking_loss(std::span<float> scores, size_t group) {
  const auto& sigmoid = sigmoid_table();
  const float share = 1 / static_cast<float>(group - 1);
  for (size_t i = 0; i < scores.size(); i += group) {
    const float positive = scores[i];
    float sum = 0;
    for (size_t n = i + 1; n < i + group; ++n) {
      scores[n] = share * sigmoid(scores[n] - positive);
      sum += scores[n];
    }
    scores[i] = -sum;
  }
}

int default_threads() { return std::clamp(static_cast<int>(std::thread::hardware_concurrency()) - 1, 1, 8); }

Result<Trainer> create_and_open(const std::string& path, const windrow::TableSpec& spec) {
  if (auto created = Table::create(path, spec); !created) return pass(created);
  return Trainer::open(path, *spec.optimizer);
}

TwoTables::TwoTables(Trainer centres, Trainer others, const LearningOptions& options)
    : dim_(static_cast<size_t>(centres.table().dim())),
      group_(1 + static_cast<size_t>(options.negatives)),
      options_(options),
      team_(std::make_unique<Team>(options.threads)),
      centres_(std::move(centres)),
      others_(std::move(others)),
      centre_table_(centres_.table()),
      other_table_(others_.table()) {}

Result<void> TwoTables::learn(const Samples& samples, size_t centres_per_step) {
  size_t id = 0;
  for (size_t bag = 0; bag < samples.centres.size();) {
    const size_t bags = std::min(centres_per_step, samples.centres.size() - bag);
    Batch batch;
    batch.centres = std::span(samples.centres).subspan(bag, bags);
    batch.lengths = std::span(samples.lengths).subspan(bag, bags);
    const auto ids = std::accumulate(batch.lengths.begin(), batch.lengths.end(), size_t{0});
    batch.ids = std::span(samples.ids).subspan(id, ids);
    if (auto stepped = step(batch); !stepped) return stepped;
    bag += bags;
    id += ids;
  }
  return {};
}

Result<void> TwoTables::step(const Batch& batch) {
  const size_t ids = batch.ids.size(), centres = batch.centres.size();
  vectors_.resize((centres + (options_.l2 > 0 ? ids : 0)) * dim_);
  gradients_.resize(centres * dim_);
  errors_.resize(options_.l2 > 0 ? 2 * ids : ids);

  // Bags are shared among the threads: lookups may run beside one another.
  const auto threads = static_cast<size_t>(team_->threads());
  std::vector<Result<void>> done(threads);
  team_->run([&](int thread) {
    const auto t = static_cast<size_t>(thread);
    const size_t begin = centres * t / threads;
    const size_t end = centres * (t + 1) / threads;
    const auto before = batch.lengths.first(begin);
    const auto first_id = std::accumulate(before.begin(), before.end(), size_t{0});
    done[t] = differentiate(batch, begin, end, first_id);
  });
  for (const auto& result : done) {
    if (!result) return result;
  }

  // The gradient of a row in a bag is the centre's vector times its error, which is a step from pooled gradients. The
  // two tables are independent of one another.
  const Bags bags = bags_of(batch);
  Result<windrow::StepReport> stepped[2];
  team_->run([&](int thread) {
    const windrow::StepOptions options = {.threads = 1};
    if (thread == 0) stepped[0] = others_.step(bags, Pooling::kSum, RowsIn(vectors_, dim_), options);
    if (thread != team_->threads() - 1) return;
    stepped[1] = centres_.step(batch.centres, RowsIn(gradients_, dim_), options);
  });
  for (auto& result : stepped) {
    if (!result) return pass(result);
  }
  return {};
}

// With l2, each id is also a bag by itself, whose gradient is the row times l2.
Bags TwoTables::bags_of(const Batch& batch) {
  Bags bags;
  bags.ids = batch.ids;
  bags.lengths = batch.lengths;
  bags.weights = errors_;
  if (options_.l2 == 0) return bags;
  ids_.assign(batch.ids.begin(), batch.ids.end());
  ids_.insert(ids_.end(), batch.ids.begin(), batch.ids.end());
  lengths_.assign(batch.lengths.begin(), batch.lengths.end());
  lengths_.insert(lengths_.end(), batch.ids.size(), 1);
  bags.ids = std::span<const int32_t>(ids_);
  bags.lengths = std::span<const int32_t>(lengths_);
  return bags;
}

Result<void> TwoTables::differentiate(const Batch& batch, size_t begin, size_t end, size_t first_id) {
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
  if (!done) return pass(done);
  done = windrow::dot_bags(other_table_, bags, RowsIn(vectors, dim_), errors, {.threads = 1});
  if (!done) return pass(done);

  options_.loss(errors, group_);

  // A centre's gradient is the sum of its bag's rows times their errors.
  bags.weights = errors;
  done = windrow::pool(other_table_, bags, Pooling::kSum, RowsOut(gradients, dim_), {.threads = 1});
  if (!done) return pass(done);
  if (options_.l2 > 0) {
    if (auto added = regularise(batch, begin, end, first_id, count); !added) return added;
  }
  if (options_.last_centre_column_is_constant) {
    for (size_t last = dim_ - 1; last < gradients.size(); last += dim_) gradients[last] = 0;
  }
  return {};
}

Result<void> TwoTables::regularise(const Batch& batch, size_t begin, size_t end, size_t first_id, size_t id_count) {
  const auto l2 = static_cast<float>(options_.l2);
  for (size_t i = begin * dim_; i < end * dim_; ++i) gradients_[i] += l2 * vectors_[i];
  std::fill_n(errors_.begin() + static_cast<std::ptrdiff_t>(batch.ids.size() + first_id), id_count, l2);
  const auto rows = std::span(vectors_).subspan((batch.centres.size() + first_id) * dim_, id_count * dim_);
  const auto ids = batch.ids.subspan(first_id, id_count);
  auto done = windrow::gather(other_table_, ids, RowsOut(rows, dim_), {.threads = 1});
  if (!done) return pass(done);
  return {};
}

Result<void> TwoTables::set_learning_rate(double lr) {
  if (auto set = centres_.set_learning_rate(lr); !set) return set;
  return others_.set_learning_rate(lr);
}

Result<void> TwoTables::close(std::string_view tag) {
  if (auto closed = others_.close(); !closed) return closed;
  return centres_.close(tag);
}

Result<void> learn_pieces(size_t pieces, const std::function<void(size_t, Samples&)>& draw,
                          const std::function<Result<void>(size_t, const Samples&)>& learn) {
  Samples present, next;  // outlive the thread that fills them
  draw(0, present);
  for (size_t piece = 0; piece < pieces; ++piece) {
    std::future<void> drawn;
    if (piece + 1 < pieces) drawn = std::async(std::launch::async, [&, piece] { draw(piece + 1, next); });
    if (auto learnt = learn(piece, present); !learnt) return learnt;
    if (drawn.valid()) drawn.get();
    std::swap(present, next);
  }
  return {};
}

}  // namespace examples
