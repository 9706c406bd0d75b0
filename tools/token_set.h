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
  bool contains(std::string_view token) const { return slots_.empty() ? false : slots_[slot_of(token)] != 0; }
  size_t size() const { return tokens_.size(); }

 private:
  size_t slot_of(std::string_view token) const;  // where it stands, or would
  void grow();

  TokenList tokens_;
  std::vector<uint64_t> slots_;  // token number + 1, or 0; a power of two of them
};

}  // namespace windrow::tools
