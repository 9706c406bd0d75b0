#include "factorize_split.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "example_random.h"

namespace examples::factorize {

namespace {

constexpr std::pair<SplitKind, const char*> kNames[] = {{SplitKind::kTemporal, "temporal"},
                                                        {SplitKind::kLeaveLast, "leave-last"},
                                                        {SplitKind::kGlobal, "global"},
                                                        {SplitKind::kRandom, "random"}};

// Sorted by user, and each user's by time; only the first interaction of a user with an item is kept.
std::vector<Interaction> by_user(const Log& log) {
  const size_t users = log.users.names().size();
  std::vector<size_t> begins(users + 1);
  for (const auto& interaction : log.interactions) ++begins[static_cast<size_t>(interaction.user) + 1];
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  std::vector<Interaction> sorted(log.interactions.size());
  auto next = begins;
  for (const auto& interaction : log.interactions) sorted[next[static_cast<size_t>(interaction.user)]++] = interaction;

  std::vector<int32_t> seen_by(log.items.names().size(), -1);
  auto kept = sorted.begin();
  for (size_t user = 0; user < users; ++user) {
    const auto begin = sorted.begin() + static_cast<std::ptrdiff_t>(begins[user]);
    const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(begins[user + 1]);
    std::stable_sort(begin, end, [](const auto& a, const auto& b) { return a.time < b.time; });
    for (auto i = begin; i != end; ++i) {
      auto& seen = seen_by[static_cast<size_t>(i->item)];
      if (seen != i->user) *kept++ = *i;
      seen = i->user;
    }
  }
  sorted.erase(kept, sorted.end());
  return sorted;
}

// Which of the interactions, sorted as above, are kept back.
std::vector<bool> choose(const std::vector<Interaction>& sorted, SplitKind kind, double share, uint64_t seed) {
  std::vector<bool> chosen(sorted.size());
  if (kind == SplitKind::kGlobal) {
    std::vector<size_t> order(sorted.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const auto latest = static_cast<size_t>(static_cast<double>(order.size()) * share);
    const auto end = order.begin() + static_cast<std::ptrdiff_t>(latest);
    std::nth_element(order.begin(), end, order.end(), [&](size_t a, size_t b) {
      return sorted[a].time != sorted[b].time ? sorted[a].time > sorted[b].time : a > b;
    });
    std::for_each(order.begin(), end, [&](size_t i) { chosen[i] = true; });
    return chosen;
  }
  Random random(seed);
  double owed = 0;  // fractions of interactions go to the next user, but one of each user's is there to learn from
  for (size_t begin = 0; begin < sorted.size();) {
    size_t end = begin;
    while (end < sorted.size() && sorted[end].user == sorted[begin].user) ++end;
    owed = kind == SplitKind::kLeaveLast ? 1 : owed + share * static_cast<double>(end - begin);
    const size_t back = std::min(static_cast<size_t>(owed), end - begin - 1);
    owed -= static_cast<double>(back);
    for (size_t i = begin; i < end; ++i) {
      chosen[i] = kind == SplitKind::kRandom ? random.uniform() < static_cast<float>(share) : i >= end - back;
    }
    begin = end;
  }
  return chosen;
}

}  // namespace

std::optional<SplitKind> split_named(std::string_view name) {
  for (const auto& [kind, text] : kNames) {
    if (name == text) return kind;
  }
  return std::nullopt;
}

const char* split_name(SplitKind kind) { return kNames[static_cast<size_t>(kind)].second; }

UserItems::UserItems(size_t users, std::span<const Interaction> of_ascending_users) : begins_(users + 1) {
  for (const auto& interaction : of_ascending_users) {
    ++begins_[static_cast<size_t>(interaction.user) + 1];
    items_.push_back(interaction.item);
  }
  std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
  for (size_t user = 0; user < users; ++user) {
    std::sort(items_.begin() + static_cast<std::ptrdiff_t>(begins_[user]),
              items_.begin() + static_cast<std::ptrdiff_t>(begins_[user + 1]));
  }
}

bool UserItems::has(size_t user, int32_t item) const {
  const auto items = of(user);
  return std::binary_search(items.begin(), items.end(), item);
}

Result<Split> split_log(const Log& log, std::optional<SplitKind> kind, double test_share, uint64_t seed) {
  Split split;
  split.kind = kind.value_or(log.has_times ? SplitKind::kTemporal : SplitKind::kRandom);
  if (split.kind != SplitKind::kRandom && !log.has_times) {
    return fail(windrow::ErrorCode::kInvalidArgument, std::string("the log has no times to split by (--split ") +
                                                          split_name(split.kind) + "); found " + log.format);
  }
  const auto sorted = by_user(log);
  split.repeated = log.interactions.size() - sorted.size();
  const auto chosen = choose(sorted, split.kind, test_share, seed);
  std::vector<Interaction> train, test;
  for (size_t i = 0; i < sorted.size(); ++i) (chosen[i] ? test : train).push_back(sorted[i]);
  if (train.empty() || test.empty() || log.items.names().size() < 2) {
    return fail(windrow::ErrorCode::kInvalidArgument,
                "of " + std::to_string(sorted.size()) + " interactions" +
                    (log.low > 0 ? " (without those below --min-rating)" : "") + " with " +
                    std::to_string(log.items.names().size()) + " items, " + std::to_string(train.size()) +
                    " are to learn from and " + std::to_string(test.size()) +
                    " to measure by: give a longer log, or another --split or --test-share");
  }
  split.item_counts.resize(log.items.names().size());
  for (const auto& interaction : train) ++split.item_counts[static_cast<size_t>(interaction.item)];
  split.train = UserItems(log.users.names().size(), train);
  split.test = UserItems(log.users.names().size(), test);
  return split;
}

}  // namespace examples::factorize
