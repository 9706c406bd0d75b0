#include "example_alias_table.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace examples {

AliasTable::AliasTable(std::span<const double> weights) : slots_(weights.size()) {
  std::vector<double> share(weights.begin(), weights.end());  // 1: as much as a slot holds
  const double total = std::accumulate(share.begin(), share.end(), 0.0);
  largest_share_ = *std::max_element(share.begin(), share.end()) / total;
  for (double& value : share) value *= static_cast<double>(share.size()) / total;

  std::vector<size_t> small, large;
  for (size_t number = 0; number < share.size(); ++number) (share[number] < 1 ? small : large).push_back(number);
  const auto fill = [this](size_t slot, double own, size_t other) {
    const auto threshold = static_cast<uint64_t>(own * 0x1p32);
    slots_[slot] = {static_cast<uint32_t>(std::min<uint64_t>(threshold, UINT32_MAX)), static_cast<int32_t>(other)};
  };
  while (!small.empty() && !large.empty()) {
    const size_t number = small.back(), other = large.back();
    small.pop_back();
    fill(number, share[number], other);
    share[other] -= 1 - share[number];
    if (share[other] < 1) {
      large.pop_back();
      small.push_back(other);
    }
  }
  // What is left holds 1 but for rounding.
  for (const auto number : small) fill(number, 1, number);
  for (const auto number : large) fill(number, 1, number);
}

std::vector<double> noise_weights(std::span<const int64_t> counts) {
  std::vector<double> weights;
  for (const auto count : counts) weights.push_back(std::pow(static_cast<double>(count), 0.75));
  return weights;
}

}  // namespace examples
