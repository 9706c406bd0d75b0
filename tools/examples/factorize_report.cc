#include "factorize_report.h"

#include <cstdio>

#include "example_progress.h"

namespace examples::factorize {

namespace {

std::string count(size_t number) { return grouped(static_cast<double>(number)); }

void print_left_out(size_t number, const char* why) {
  if (number > 0) std::printf("left out: %s %s\n", count(number).c_str(), why);
}

void print_json_quality(const char* name, const Quality& quality) {
  std::printf(", \"%s\": {\"auc\": %.4f, \"recall\": %.4f}", name, quality.auc, quality.recall);
}

}  // namespace

void print_data(const Summary& s) {
  std::printf("%s interactions of %s users with %s items (%s)\n", count(s.train + s.test).c_str(),
              count(s.users).c_str(), count(s.items).c_str(), s.format.c_str());
  print_left_out(s.low, "lines below --min-rating");
  print_left_out(s.malformed, "malformed lines");
  print_left_out(s.repeated, "repeated interactions");
  std::printf("split %s: %s to learn from, %s kept back; measured by %s users\n", split_name(s.split),
              count(s.train).c_str(), count(s.test).c_str(), count(s.measured_users).c_str());
}

void print_quality(const std::string& of, const Quality& quality) {
  std::printf("  %-14s  AUC %.4f  recall@%zu %.4f\n", of.c_str(), quality.auc, Evaluator::kBest, quality.recall);
  std::fflush(stdout);
}

void print_text(const Summary& s) {
  std::printf("%zu epochs in %.1f s, %s interactions/s\n", s.epochs.size(), s.seconds,
              grouped(s.interactions_per_second()).c_str());
  std::printf("%s: %s users; %s: %s items\n", s.users_path.c_str(), count(s.users).c_str(), s.items_path.c_str(),
              count(s.items).c_str());
  if (s.epochs.back().auc <= s.popularity.auc) {
    std::puts("No better than the popularity of the items: the log may be too short, or --epochs, --lr or --l2 unfit.");
  }
}

void print_json(const Summary& s) {
  std::printf("{\"users_table\": \"%s\", \"items_table\": \"%s\", \"format\": \"%s\", \"users\": %zu, \"items\": %zu, "
              "\"low\": %zu, \"malformed\": %zu, \"repeated\": %zu, \"split\": \"%s\", \"train\": %zu, \"test\": %zu, "
              "\"measured_users\": %zu, \"seconds\": %.3f, \"interactions_per_second\": %.0f",
              json_escaped(s.users_path).c_str(), json_escaped(s.items_path).c_str(), json_escaped(s.format).c_str(),
              s.users, s.items, s.low, s.malformed, s.repeated, split_name(s.split), s.train, s.test, s.measured_users,
              s.seconds, s.interactions_per_second());
  std::printf(", \"auc\": %.4f, \"recall\": %.4f", s.epochs.back().auc, s.epochs.back().recall);
  print_json_quality("popularity", s.popularity);
  if (s.truth) print_json_quality("truth", *s.truth);
  std::printf(", \"epochs\": [");
  for (size_t i = 0; i < s.epochs.size(); ++i) {
    std::printf("%s{\"auc\": %.4f, \"recall\": %.4f}", i > 0 ? ", " : "", s.epochs[i].auc, s.epochs[i].recall);
  }
  std::puts("]}");
}

}  // namespace examples::factorize
