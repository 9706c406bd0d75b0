#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "factorize_evaluate.h"
#include "factorize_log.h"
#include "factorize_split.h"

namespace examples::factorize {

// What the program says when it is done.
struct Summary {
  std::string users_path, items_path, format;
  size_t users = 0, items = 0;
  size_t train = 0, test = 0;  // interactions
  size_t low = 0, malformed = 0, repeated = 0;
  SplitKind split = SplitKind::kTemporal;
  size_t measured_users = 0;
  Quality popularity;
  std::optional<Quality> truth;
  std::vector<Quality> epochs;  // after each
  double seconds = 0;           // of training

  double interactions_per_second() const {
    return seconds > 0 ? static_cast<double>(train) * static_cast<double>(epochs.size()) / seconds : 0;
  }
};

// Before the first epoch, for people.
void print_data(const Summary& summary);
// "    popularity   AUC 0.8123   recall@20 0.1234"
void print_quality(const std::string& of, const Quality& quality);
void print_text(const Summary& summary);
void print_json(const Summary& summary);

}  // namespace examples::factorize
