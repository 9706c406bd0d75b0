#pragma once

#include <windrow/vocabulary.h>
#include <cstdint>
#include <string>
#include <vector>

namespace windrow::tools {

// How the vocabularies of two tables differ. Of every kind the first few are named.
struct TokenDiff {
  struct Moved {
    std::string token;
    int64_t row_a, row_b;
  };

  int64_t size_a = 0, size_b = 0;
  int64_t only_a = 0, only_b = 0;
  int64_t moved = 0;       // the same token, and another row
  int64_t reweighted = 0;  // the same token, and another weight
  std::vector<std::string> first_only_a, first_only_b;
  std::vector<Moved> first_moved;

  bool same() const { return size_a == size_b && only_a + only_b + moved + reweighted == 0; }
};

TokenDiff diff_tokens(const Vocabulary& a, const Vocabulary& b);

}  // namespace windrow::tools
