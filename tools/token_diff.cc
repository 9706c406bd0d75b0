#include "token_diff.h"

#include <algorithm>
#include <bit>
#include <functional>

#include "table_diff.h"

namespace windrow::tools {

namespace {

// Calls back for each token of `a`: its number there, and that of its first occurrence in `b`, or -1. A token that
// occurs again is itself where `b` has the same token under the same number.
void for_each_token(const Vocabulary& a, const Vocabulary& b,
                    const std::function<void(int64_t, int64_t)>& found) {
  constexpr int64_t kAtOnce = 4096;
  std::vector<std::string_view> tokens;
  std::vector<int64_t> in_a, in_b;
  for (int64_t begin = 0; begin < a.size(); begin += kAtOnce) {
    tokens.clear();
    for (int64_t t = begin; t < std::min(begin + kAtOnce, a.size()); ++t) tokens.push_back(a.token_at(t));
    in_a.resize(tokens.size());
    in_b.resize(tokens.size());
    a.find_numbers(tokens, in_a);
    b.find_numbers(tokens, in_b);
    for (size_t i = 0; i < tokens.size(); ++i) {
      const int64_t number = begin + static_cast<int64_t>(i);
      const bool again =
          in_a[i] != number && in_b[i] >= 0 && number < b.size() && b.token_at(number) == tokens[i];
      found(number, again ? number : in_b[i]);
    }
  }
}

template <class List, class Entry>
void add(int64_t& count, List& first, Entry entry) {
  ++count;
  if (first.size() < kMostListed) first.push_back(std::move(entry));
}

}  // namespace

TokenDiff diff_tokens(const Vocabulary& a, const Vocabulary& b) {
  TokenDiff diff;
  diff.size_a = a.size();
  diff.size_b = b.size();
  for_each_token(a, b, [&](int64_t in_a, int64_t in_b) {
    if (in_b < 0) return add(diff.only_a, diff.first_only_a, std::string(a.token_at(in_a)));
    // -1 for a row that a damaged file does not tell.
    const int64_t row_a = a.row_of(in_a).value_or(-1), row_b = b.row_of(in_b).value_or(-1);
    if (row_a != row_b)
      add(diff.moved, diff.first_moved, TokenDiff::Moved{std::string(a.token_at(in_a)), row_a, row_b});
    if (std::bit_cast<uint32_t>(a.weight_of(in_a)) != std::bit_cast<uint32_t>(b.weight_of(in_b)))
      ++diff.reweighted;
  });
  for_each_token(b, a, [&](int64_t in_b, int64_t in_a) {
    if (in_a < 0) add(diff.only_b, diff.first_only_b, std::string(b.token_at(in_b)));
  });
  return diff;
}

}  // namespace windrow::tools
