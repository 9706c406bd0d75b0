#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "example_random.h"

namespace examples {

// Draws numbers by weight with Walker's alias method (1977) as set up by Vose (1991): a table with an entry per number,
// one random number a draw.
class AliasTable {
 public:
  // There is at least one weight, none is negative, and one is above 0.
  explicit AliasTable(std::span<const double> weights);

  int32_t draw(Random& random) const {
    const uint64_t bits = random.next();
    const uint64_t slot = (bits >> 32) * slots_.size() >> 32;
    return static_cast<uint32_t>(bits) < slots_[slot].threshold ? static_cast<int32_t>(slot) : slots_[slot].other;
  }

  // The largest probability of a number.
  double largest_share() const { return largest_share_; }

 private:
  struct Slot {
    uint32_t threshold;  // the slot's own number below, in units of 2^-32
    int32_t other;       // and this one from there on
  };
  std::vector<Slot> slots_;
  double largest_share_;
};

// The weights of noise: count^0.75 (Mikolov et al. 2013).
std::vector<double> noise_weights(std::span<const int64_t> counts);

}  // namespace examples
