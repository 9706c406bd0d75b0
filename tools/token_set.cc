#include "token_set.h"

#include <xxhash.h>
#include <algorithm>

namespace windrow::tools {

size_t TokenSet::slot_of(std::string_view token) const {
  const size_t mask = slots_.size() - 1;
  size_t at = static_cast<size_t>(XXH3_64bits(token.data(), token.size())) & mask;
  while (slots_[at] != 0 && tokens_[static_cast<size_t>(slots_[at] - 1)] != token) at = (at + 1) & mask;
  return at;
}

void TokenSet::grow() {
  slots_.assign(std::max<size_t>(1024, 2 * slots_.size()), 0);
  for (size_t t = 0; t < tokens_.size(); ++t) slots_[slot_of(tokens_[t])] = t + 1;
}

bool TokenSet::insert(std::string_view token) {
  if (3 * (tokens_.size() + 1) > 2 * slots_.size()) grow();
  uint64_t& slot = slots_[slot_of(token)];
  if (slot != 0) return false;
  tokens_.add(token);
  slot = tokens_.size();
  return true;
}

}  // namespace windrow::tools
