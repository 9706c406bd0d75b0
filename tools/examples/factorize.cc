// Matrix factorisation for recommendations, with Bayesian personalised ranking (Rendle, Freudenthaler, Gantner,
// Schmidt-Thieme: "BPR: Bayesian personalized ranking from implicit feedback", 2009) or a logistic loss, on Windrow's
// public interface.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "example_progress.h"
#include "example_two_tables.h"
#include "factorize_evaluate.h"
#include "factorize_generate.h"
#include "factorize_log.h"
#include "factorize_options.h"
#include "factorize_report.h"
#include "factorize_samples.h"
#include "factorize_split.h"
#include "factorize_tables.h"

namespace examples::factorize {

namespace {

using Clock = std::chrono::steady_clock;

// Files that are of no use when what they are made by fails.
class Unfinished {
 public:
  ~Unfinished() {
    std::error_code ignored;
    for (const auto& path : paths_) std::filesystem::remove(path, ignored);
  }
  void add(const std::string& path) { paths_.push_back(path); }
  void finish() { paths_.clear(); }

 private:
  std::vector<std::string> paths_;
};

Result<void> create_parent(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) return fail_system(error.value(), folder.string(), "create");
  return {};
}

Result<TwoTables> create_tables(const Log& log, const Options& options, Unfinished& unfinished) {
  for (const auto& path : {options.users, options.items}) {
    if (auto created = create_parent(path); !created) return pass(created);
  }
  auto users = create_table(options.users, options.dim, log.users.names(), options.optimizer, 1, options.seed);
  if (!users) return pass(users);
  unfinished.add(options.users);
  auto items = create_table(options.items, options.dim, log.items.names(), options.optimizer, 0, options.seed + 1);
  if (!items) return pass(items);
  unfinished.add(options.items);
  LearningOptions learning;
  learning.negatives = options.negatives;
  learning.loss = options.loss;
  learning.l2 = options.l2;
  learning.last_centre_column_is_constant = true;
  learning.threads = options.threads > 0 ? options.threads : default_threads();
  return TwoTables(std::move(*users), std::move(*items), learning);
}

// The rows of the log's names in the tables that drew it.
Result<std::vector<int64_t>> rows_of(const std::vector<std::string_view>& names, const windrow::Table& table,
                                     const std::string& path) {
  std::vector<int64_t> rows;
  for (const auto name : names) {
    const auto row = table.vocabulary().find(name);
    if (!row) {
      return fail(windrow::ErrorCode::kNotFound,
                  path + ": does not know \"" + std::string(name) + "\": give the log that --generate wrote with it");
    }
    rows.push_back(*row);
  }
  return rows;
}

Result<Quality> measure_truth(const std::string& folder, const Log& log, const Evaluator& evaluator, Team& team) {
  const auto users = windrow::Table::open(truth_users(folder)), items = windrow::Table::open(truth_items(folder));
  if (!users) return tl::make_unexpected(users.error());
  if (!items) return tl::make_unexpected(items.error());
  auto user_rows = rows_of(log.users.names(), *users, truth_users(folder));
  if (!user_rows) return pass(user_rows);
  auto item_rows = rows_of(log.items.names(), *items, truth_items(folder));
  if (!item_rows) return pass(item_rows);
  const auto score_rows = dot_scorer(*users, *items);
  const auto scorer = [&](int32_t user, std::span<float> scores) -> Result<void> {
    std::vector<float> by_row(static_cast<size_t>(items->rows()));
    auto done = score_rows(static_cast<int32_t>((*user_rows)[static_cast<size_t>(user)]), by_row);
    if (!done) return done;
    for (size_t item = 0; item < scores.size(); ++item) scores[item] = by_row[static_cast<size_t>((*item_rows)[item])];
    return {};
  };
  return evaluator.measure(scorer, team);
}

// Trains for all epochs, measuring after each, which is not counted as training.
Result<void> train(const Split& split, const Options& options, const Evaluator& evaluator, TwoTables& tables,
                   Summary& summary) {
  Sampler sampler(split, options.noise, options.negatives, options.seed);
  const size_t per_epoch = sampler.pieces();
  const size_t pieces = per_epoch * static_cast<size_t>(options.epochs);
  const auto epoch = [&](size_t piece) { return static_cast<int>(piece / per_epoch); };
  const auto scorer = dot_scorer(tables.centres(), tables.others());
  Progress progress(static_cast<double>(split.train.size()) * options.epochs, "interactions");
  std::chrono::duration<double> measuring{};
  const auto start = Clock::now();
  const auto learn = [&](size_t piece, const Samples& samples) -> Result<void> {
    const double done = static_cast<double>(piece + 1) / static_cast<double>(pieces);
    if (auto learnt = tables.learn(samples, static_cast<size_t>(options.batch)); !learnt) {
      return fail(learnt.error().code, "epoch " + std::to_string(epoch(piece) + 1) + ": " + learnt.error().message +
                                           " (values that grow without end need a smaller --lr)");
    }
    progress.at(epoch_of(epoch(piece), options.epochs), done);
    if ((piece + 1) % per_epoch != 0) return {};
    const auto before = Clock::now();
    auto quality = evaluator.measure(scorer, tables.team());
    measuring += Clock::now() - before;
    if (!quality) return pass(quality);
    summary.epochs.push_back(*quality);
    progress.clear();
    if (!options.json) print_quality("epoch " + std::to_string(summary.epochs.size()), *quality);
    return {};
  };
  auto trained = learn_pieces(
      pieces, [&](size_t piece, Samples& samples) { sampler.draw(piece % per_epoch, epoch(piece), samples); }, learn);
  summary.seconds = std::chrono::duration<double>(Clock::now() - start - measuring).count();
  return trained;
}

Result<Summary> run(const Options& options) {
  auto log = read_log(options.log, {options.min_rating, options.lenient});
  if (!log) return pass(log);
  auto split = split_log(*log, options.split, options.test_share, options.seed);
  if (!split) return pass(split);
  const Evaluator evaluator(*split, options.eval_users, options.dim, options.seed);
  if (evaluator.users() == 0) {
    return fail(windrow::ErrorCode::kInvalidArgument,
                "no user has interactions both to learn from and kept back: give a longer log, or another --split");
  }

  Summary summary;
  summary.users_path = options.users;
  summary.items_path = options.items;
  summary.format = log->format;
  summary.users = log->users.names().size();
  summary.items = log->items.names().size();
  summary.train = split->train.size();
  summary.test = split->test.size();
  summary.low = log->low;
  summary.malformed = log->malformed;
  summary.repeated = split->repeated;
  summary.split = split->kind;
  summary.measured_users = evaluator.users();

  Unfinished unfinished;
  auto tables = create_tables(*log, options, unfinished);
  if (!tables) return pass(tables);
  const auto popularity = evaluator.measure(popularity_scorer(*split), tables->team());
  if (!popularity) return tl::make_unexpected(popularity.error());
  summary.popularity = *popularity;
  if (!options.truth.empty()) {
    auto truth = measure_truth(options.truth, *log, evaluator, tables->team());
    if (!truth) return pass(truth);
    summary.truth = *truth;
  }
  if (!options.json) {
    print_data(summary);
    print_quality("popularity", summary.popularity);
    if (summary.truth) print_quality("truth", *summary.truth);
  }
  if (auto trained = train(*split, options, evaluator, *tables, summary); !trained) return pass(trained);
  if (auto closed = tables->close("factorize, " + std::to_string(options.epochs) + " epochs"); !closed) {
    return pass(closed);
  }
  unfinished.finish();
  return summary;
}

Result<void> run_and_print(const Options& options) {
  if (!options.generate.empty()) return generate(options.generate, options.truth, options.generator);
  auto summary = run(options);
  if (!summary) return pass(summary);
  options.json ? print_json(*summary) : print_text(*summary);
  return {};
}

}  // namespace

}  // namespace examples::factorize

namespace factorize = examples::factorize;

int main(int argc, char** argv) {
  factorize::Options options;
  if (const int status = factorize::parse_options(argc, argv, options); status >= 0) return status;
  try {
    const auto done = factorize::run_and_print(options);
    if (done) {
      if (std::fflush(stdout) == 0) return 0;
      std::perror("factorize: cannot write the summary");
      return 1;
    }
    std::fprintf(stderr, "factorize: %s\n", done.error().message.c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "factorize: %s\n", error.what());
  }
  return 1;
}
