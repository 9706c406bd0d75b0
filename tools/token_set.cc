#include "token_set.h"

#include <xxhash.h>
#include <algorithm>

namespace windrow::tools {

namespace {

constexpr uint64_t kNumberBits = 40;
constexpr uint64_t kNumber = (uint64_t{1} << kNumberBits) - 1;

uint64_t hash_of(std::string_view token) {
  return XXH3_64bits(token.data(), token.size());
}

}  // namespace

size_t TokenSet::slot_of(std::string_view token, uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  for (size_t at = static_cast<size_t>(hash) & mask;; at = (at + 1) & mask) {
    const uint64_t slot = slots_[at];
    if (slot == 0) return at;
    const bool alike = ((slot ^ hash) & ~kNumber) == 0;
    if (alike && tokens_[static_cast<size_t>((slot & kNumber) - 1)] == token) return at;
  }
}

void TokenSet::grow() {
  slots_.assign(std::max<size_t>(1024, 2 * slots_.size()), 0);
  for (size_t t = 0; t < tokens_.size(); ++t) {
    const uint64_t hash = hash_of(tokens_[t]);
    slots_[slot_of(tokens_[t], hash)] = (hash & ~kNumber) | (t + 1);
  }
}

bool TokenSet::contains(std::string_view token) const {
  return !slots_.empty() && slots_[slot_of(token, hash_of(token))] != 0;
}

bool TokenSet::insert(std::string_view token) {
  if (3 * (tokens_.size() + 1) > 2 * slots_.size()) grow();
  const uint64_t hash = hash_of(token);
  uint64_t& slot = slots_[slot_of(token, hash)];
  if (slot != 0) return false;
  tokens_.add(token);
  slot = (hash & ~kNumber) | tokens_.size();
  return true;
}

}  // namespace windrow::tools
