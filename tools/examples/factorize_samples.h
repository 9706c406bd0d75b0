#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "example_alias_table.h"
#include "example_two_tables.h"
#include "factorize_split.h"

namespace examples::factorize {

enum class Noise { kUniform, kPopularity };

// Turns interactions into samples: a bag has a user, an item of his, and items that are not his. Pieces are independent
// of one another; the order of the interactions is another in each epoch.
class Sampler {
 public:
  Sampler(const Split& split, Noise noise, int negatives, uint64_t seed);

  size_t pieces() const { return (order_.size() + kPiece - 1) / kPiece; }

  // Pieces are drawn in turn, the first of an epoch before its others.
  void draw(size_t piece, int epoch, Samples& samples);

 private:
  // About 1 MB, which stays in the cache until it is used.
  static constexpr size_t kPiece = 16384;

  int32_t draw_other(size_t user, Random& random) const;

  struct Pair {
    int32_t user, item;
  };
  const UserItems& train_;
  int negatives_;
  uint64_t seed_;
  AliasTable noise_;
  std::vector<Pair> order_;
};

}  // namespace examples::factorize
