#pragma once

#include <windrow/windrow.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "example_error.h"
#include "example_team.h"

namespace examples {

// A run of bags: bag b belongs to the row centres[b] of one table, and holds lengths[b] rows of the other, in groups of
// 1 + negatives: a row that goes with the centre, and rows that do not.
struct Batch {
  std::span<const int32_t> centres;
  std::span<const int32_t> lengths;
  std::span<const int32_t> ids;
};

struct Samples {
  std::vector<int32_t> centres;
  std::vector<int32_t> lengths;
  std::vector<int32_t> ids;

  void clear();
};

// Turns the dot products of groups of `group` rows with their centres into the derivatives of the loss with respect to
// them. The first of each group is the one that goes with the centre.
using Loss = void (*)(std::span<float> scores, size_t group);

// -log sigmoid(s) for the first, -log sigmoid(-s) for the others (Mikolov et al. 2013).
void logistic_loss(std::span<float> scores, size_t group);

// The mean of -log sigmoid(s[0] - s[n]) over the others: Bayesian personalised ranking (Rendle et al. 2009).
void ranking_loss(std::span<float> scores, size_t group);

struct LearningOptions {
  int negatives = 5;
  Loss loss = logistic_loss;
  double l2 = 0;  // adds l2 / 2 times the squared length of each row, for each time it occurs in a batch, to the loss
  // The last column of the centres stays as it is: where it is 1, that of the other table is a bias.
  bool last_centre_column_is_constant = false;
  int threads = 1;
};

// Two tables whose rows meet in dot products, files that are trained in place.
class TwoTables {
 public:
  TwoTables(windrow::Trainer centres, windrow::Trainer others, const LearningOptions& options);

  // One step for each `centres_per_step` bags. All rows are read before the first is changed, and every sum has one
  // order, so the result does not depend on the number of threads.
  Result<void> learn(const Samples& samples, size_t centres_per_step);

  Result<void> set_learning_rate(double lr);

  const windrow::Table& centres() const { return centre_table_; }
  const windrow::Table& others() const { return other_table_; }
  Team& team() { return *team_; }

  // Both files are complete; `tag` stands in that of the centres.
  Result<void> close(std::string_view tag);

 private:
  Result<void> step(const Batch& batch);
  // Fills vectors_, errors_ and gradients_ for the bags [begin, end), whose ids begin at first_id.
  Result<void> differentiate(const Batch& batch, size_t begin, size_t end, size_t first_id);
  Result<void> regularise(const Batch& batch, size_t begin, size_t end, size_t first_id, size_t id_count);
  windrow::Bags bags_of(const Batch& batch);

  size_t dim_;
  size_t group_;  // a row that goes with the centre, and those that do not
  LearningOptions options_;
  std::unique_ptr<Team> team_;
  windrow::Trainer centres_, others_;
  windrow::Table centre_table_, other_table_;
  // Of the present batch; kept to save allocations.
  std::vector<float> vectors_;    // a row per centre, and with l2 one per id
  std::vector<float> gradients_;  // of the centres
  std::vector<float> errors_;     // per id: the derivative of the loss with respect to the dot product; then l2 per id
  std::vector<int32_t> ids_;      // with l2: the batch's ids twice, the second time in bags of one
  std::vector<int32_t> lengths_;
};

Result<windrow::Trainer> create_and_open(const std::string& path, const windrow::TableSpec& spec);

// Draws the samples of pieces [0, pieces) by draw(piece, samples), and learns from them in turn by learn(piece,
// samples). While it learns from one piece, another thread draws the next.
Result<void> learn_pieces(size_t pieces, const std::function<void(size_t, Samples&)>& draw,
                          const std::function<Result<void>(size_t, const Samples&)>& learn);

// A step is half the work and is done by one thread, so that more than some threads only wait for it.
// One processor is left to the thread that draws samples: a team that has to share one waits for it.
int default_threads();

}  // namespace examples
