#include "factorize_options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <map>

namespace examples::factorize {

namespace {

// Optimisers and the learning rates that suit batches of hundreds of interactions.
const std::map<std::string, std::pair<windrow::Optimizer, double>> kOptimizers = {
    {"adagrad", {windrow::Adagrad{}, 0.1}},
    {"adam", {windrow::Adam{}, 0.005}},
    {"ftrl", {windrow::Ftrl{}, 0.1}},
    {"rowwise_adagrad", {windrow::RowwiseAdagrad{}, 0.1}},
    {"sgd", {windrow::Sgd{}, 0.2}},
};

struct Names {
  std::string folder, optimizer = "adagrad", loss = "bpr", noise = "uniform", split;
  double lr = 0;
};

void add_input(CLI::App& app, Options& options, Names& names) {
  const auto positive = CLI::Range(1, 1 << 30).description("");
  app.add_option("LOG", options.log,
                 "one interaction a line: user, item, perhaps a rating, perhaps a time in numbers; separated by tabs, "
                 "commas, semicolons, :: or spaces; with a header or without");
  app.add_option("--min-rating", options.min_rating, "take only lines with such a rating or a better one");
  app.add_flag("--lenient", options.lenient, "count malformed lines and leave them out, instead of stopping there");
  app.add_option("--split", names.split,
                 "what is kept back to measure: the latest of each user (temporal), the last one of each user "
                 "(leave-last), all that is latest (global), or any (random); if not given, temporal where there are "
                 "times, else random")
      ->check(CLI::IsMember({"temporal", "leave-last", "global", "random"}).description(""));
  app.option_defaults()->always_capture_default();
  app.add_option("--test-share", options.test_share, "how much of the log that is")
      ->check(CLI::Range(0.001, 0.9).description(""));
  app.add_option("--eval-users", options.eval_users, "users to measure by; 0: as many as take about a second")
      ->check(CLI::Range(0, 1 << 30).description(""));
  app.add_option("--generate", options.generate, "write a log of made-up users with tastes of their own, and end")
      ->always_capture_default(false);
  app.add_option("--gen-users", options.generator.users, "users in it")->check(positive);
  app.add_option("--gen-items", options.generator.items, "items in it")->check(positive);
  app.add_option("--gen-interactions", options.generator.interactions, "interactions in it, about")->check(positive);
  app.add_option("--truth", options.truth,
                 "a folder for the tables that draw the log: --generate writes them; else they are measured like the "
                 "trained ones, which shows what can be reached")
      ->always_capture_default(false);
}

void add_learning(CLI::App& app, Options& options, Names& names) {
  const auto positive = CLI::Range(1, 1 << 30).description("");
  app.add_option("-o,--output", names.folder, "folder for the two tables")->always_capture_default(false);
  app.add_option("--users", options.users, "table of the users; an existing file is replaced");
  app.add_option("--items", options.items, "table of the items; an existing file is replaced");
  app.add_option("--dim", options.dim, "values per row; the last is an item's bias, and 1 for users")
      ->check(CLI::Range(2, 1 << 20).description(""));
  app.add_option("--loss", names.loss, "bpr (ranking, Rendle et al. 2009) or logistic")
      ->check(CLI::IsMember({"bpr", "logistic"}).description(""));
  app.add_option("--negatives", options.negatives, "random items per interaction")
      ->check(CLI::Range(1, 1000).description(""));
  app.add_option("--noise", names.noise, "which: uniform, or popular ones more often (count^0.75)")
      ->check(CLI::IsMember({"uniform", "popularity"}).description(""));
  app.add_option("--epochs", options.epochs, "passes over the interactions")->check(positive);
  app.add_option("--batch", options.batch, "interactions per step")->check(positive);
  app.add_option("--optimizer", names.optimizer, "adagrad, rowwise_adagrad, adam, sgd or ftrl")
      ->check(CLI::IsMember(kOptimizers).description(""));
  app.add_option("--lr", names.lr, "learning rate; 0: what suits the optimiser")
      ->check(CLI::NonNegativeNumber.description(""));
  app.add_option("--l2", options.l2, "how strongly rows are held near 0, per interaction")
      ->check(CLI::NonNegativeNumber.description(""));
  app.add_option("--seed", options.seed, "another number gives other random choices");
  app.add_option("--threads", options.threads,
                 "0: one less than there are processors, up to 8; no influence on the result")
      ->check(CLI::Range(0, 256).description(""));
  app.add_flag("--json", options.json, "print the summary as JSON")->always_capture_default(false);
}

void apply(const CLI::App& app, const Names& names, Options& options) {
  if (options.log.empty() == options.generate.empty()) {
    throw CLI::ValidationError("LOG", options.log.empty() ? "is required" : "and --generate exclude each other");
  }
  const auto under = [&](const char* option, std::string& path) {
    if (!names.folder.empty() && app.count(option) == 0) path = (std::filesystem::path(names.folder) / path).string();
  };
  under("--users", options.users);
  under("--items", options.items);
  if (options.users == options.items) throw CLI::ValidationError("--users and --items", "name the same file");
  const auto& [optimizer, lr] = kOptimizers.at(names.optimizer);
  options.optimizer = optimizer;
  std::visit([&, rate = names.lr > 0 ? names.lr : lr](auto& chosen) { chosen.lr = rate; }, options.optimizer);
  options.loss = names.loss == "bpr" ? ranking_loss : logistic_loss;
  options.noise = names.noise == "uniform" ? Noise::kUniform : Noise::kPopularity;
  if (!names.split.empty()) options.split = split_named(names.split);
  options.generator.seed = options.seed;
}

}  // namespace

int parse_options(int argc, char** argv, Options& options) {
  CLI::App app(
      "Learns what users like from a log of what they did, by matrix factorisation with a ranking or a logistic loss, "
      "into two Windrow tables: users and items, with their names. The better an item suits a user, the larger the dot "
      "product of their rows. Reports how well that tells the interactions that were kept back.",
      "factorize");
  app.get_formatter()->column_width(34);
  Names names;
  add_input(app, options, names);
  add_learning(app, options, names);
  app.footer(
      "EXAMPLES\n"
      "  factorize ratings.csv -o model\n"
      "  factorize u.data --min-rating 4 --split leave-last --loss logistic\n"
      "  factorize --generate log.tsv --gen-users 20000 --truth truth && factorize log.tsv --truth truth\n"
      "  windrow nearest model/items.safetensors 50\n"
      "\nExit status: 0 done, 1 failed (why stands on standard error), 2 used wrongly.");
  try {
    app.parse(argc, argv);
    apply(app, names, options);
  } catch (const CLI::Success& asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "factorize: %s\nRun `factorize --help` to see what it takes.\n", error.what());
    return 2;
  }
  return -1;
}

}  // namespace examples::factorize
