#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "example_error.h"
#include "factorize_log.h"

namespace examples::factorize {

enum class SplitKind {
  kTemporal,   // the latest interactions of each user
  kLeaveLast,  // the last interaction of each user who has two and more
  kGlobal,     // the latest interactions of all
  kRandom,
};
std::optional<SplitKind> split_named(std::string_view name);
const char* split_name(SplitKind kind);

// For each user the items, ascending and each once.
class UserItems {
 public:
  UserItems() = default;
  UserItems(size_t users, std::span<const Interaction> of_ascending_users);

  size_t users() const { return begins_.size() - 1; }
  size_t size() const { return items_.size(); }
  std::span<const int32_t> of(size_t user) const {
    return std::span(items_).subspan(begins_[user], begins_[user + 1] - begins_[user]);
  }
  bool has(size_t user, int32_t item) const;

 private:
  std::vector<size_t> begins_{0};  // users + 1
  std::vector<int32_t> items_;
};

struct Split {
  SplitKind kind;
  UserItems train, test;
  std::vector<int64_t> item_counts;  // in `train`
  size_t repeated = 0;               // interactions of a user with an item after the first, which are left out
};

// Equal times keep the order of the log.
// Errors: kInvalidArgument  a split by time of a log without times; nothing to learn from, or nothing kept back
Result<Split> split_log(const Log& log, std::optional<SplitKind> kind, double test_share, uint64_t seed);

}  // namespace examples::factorize
