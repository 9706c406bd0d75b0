#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "formats/row_block.h"

namespace windrow::tools {

// Tokens seen so far, in little more memory than their bytes.
class TokenSet {
 public:
  // Whether it was not there before.
  bool insert(std::string_view token);
  bool contains(std::string_view token) const;
  size_t size() const { return tokens_.size(); }

 private:
  size_t slot_of(std::string_view token, uint64_t hash) const;  // where it stands, or would
  void grow();

  TokenList tokens_;
  // A token's number + 1 below, and above bits of its hash, so that others are seldom looked at; or 0. A power of two.
  std::vector<uint64_t> slots_;
};

}  // namespace windrow::tools
