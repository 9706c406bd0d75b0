#pragma once

#include <cstdint>
#include <string>

#include "example_error.h"

namespace examples::factorize {

struct GeneratorOptions {
  int64_t users = 6000;
  int64_t items = 3000;
  int64_t interactions = 500000;
  uint64_t seed = 1;
};

// Writes a log of made-up users, tab-separated: user, item, rating, time, in order of time. Users and items are points
// on a sphere, in clusters of like taste. A user takes an item with a probability in proportion to
//
//   exp(user . item) * popularity
//
// and no item twice; popularity, and how much a user takes, fall off by power laws.
//
// With `truth`, also writes what the log was drawn from: truth/users.safetensors and truth/items.safetensors, whose dot
// products are the logarithm of the above.
Result<void> generate(const std::string& path, const std::string& truth, const GeneratorOptions& options);

// The files' names.
std::string truth_users(const std::string& folder);
std::string truth_items(const std::string& folder);

}  // namespace examples::factorize
