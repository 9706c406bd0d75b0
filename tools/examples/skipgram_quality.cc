#include "skipgram_quality.h"

#include <windrow/lookup.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

#include "example_random.h"

namespace examples::skipgram {

namespace {

constexpr int64_t kMinCount = 20;
constexpr size_t kRandomPairs = 200000;
constexpr uint64_t kSeed = 1;

using Pair = std::pair<int32_t, int32_t>;

struct Pairs {
  std::vector<Pair> synonyms, random;
};

Pairs choose_pairs(const Corpus& corpus, const Words& words) {
  std::set<Pair> synonyms;
  std::set<int32_t> lemmas;
  for (const auto& synset : corpus.synsets) {
    std::set<int32_t> rows;
    for (const auto lemma : synset) {
      const auto row = words.row_of[static_cast<size_t>(lemma)];
      if (row < 0 || words.counts[static_cast<size_t>(row)] < kMinCount) continue;
      if (corpus.words.names()[static_cast<size_t>(lemma)].find('_') == std::string_view::npos) rows.insert(row);
    }
    lemmas.insert(rows.begin(), rows.end());
    for (auto a = rows.begin(); a != rows.end(); ++a) {
      for (auto b = std::next(a); b != rows.end(); ++b) synonyms.insert({*a, *b});
    }
  }
  Pairs pairs;
  if (synonyms.empty()) return pairs;
  pairs.synonyms.assign(synonyms.begin(), synonyms.end());
  const std::vector<int32_t> rows(lemmas.begin(), lemmas.end());
  Random random(kSeed);
  while (pairs.random.size() < kRandomPairs) {
    const auto a = rows[random.below(static_cast<uint32_t>(rows.size()))];
    const auto b = rows[random.below(static_cast<uint32_t>(rows.size()))];
    if (a != b) pairs.random.emplace_back(a, b);
  }
  return pairs;
}

// All rows, scaled to length 1; rows of zeros stay.
Result<std::vector<float>> unit_vectors(const windrow::Table& table) {
  const auto dim = static_cast<size_t>(table.dim());
  std::vector<int32_t> ids(static_cast<size_t>(table.rows()));
  std::iota(ids.begin(), ids.end(), 0);
  std::vector<float> values(ids.size() * dim);
  auto gathered = windrow::gather(table, std::span<const int32_t>(ids), windrow::RowsOut(values, dim));
  if (!gathered) return pass(gathered);
  for (auto row = values.begin(); row != values.end(); row += static_cast<std::ptrdiff_t>(dim)) {
    const auto end = row + static_cast<std::ptrdiff_t>(dim);
    const float length = std::sqrt(std::inner_product(row, end, row, 0.0f));
    if (length > 0) std::for_each(row, end, [=](float& value) { value /= length; });
  }
  return values;
}

std::vector<float> sorted_cosines(const std::vector<float>& units, size_t dim, const std::vector<Pair>& pairs) {
  std::vector<float> cosines;
  for (const auto& [a, b] : pairs) {
    const float* first = units.data() + static_cast<size_t>(a) * dim;
    cosines.push_back(std::inner_product(first, first + dim, units.data() + static_cast<size_t>(b) * dim, 0.0f));
  }
  std::sort(cosines.begin(), cosines.end());
  return cosines;
}

}  // namespace

Result<std::optional<Quality>> synonym_quality(const Corpus& corpus, const Words& words,
                                               const windrow::Table& vectors) {
  const Pairs pairs = choose_pairs(corpus, words);
  if (pairs.synonyms.empty()) return std::nullopt;
  const auto units = unit_vectors(vectors);
  if (!units) return tl::make_unexpected(units.error());
  const auto dim = static_cast<size_t>(vectors.dim());
  const auto synonyms = sorted_cosines(*units, dim, pairs.synonyms);
  const auto random = sorted_cosines(*units, dim, pairs.random);

  // The Mann-Whitney form of the area: the share of (synonym, random) that are in the right order; ties are half.
  double below = 0;
  for (const float cosine : synonyms) {
    const auto [lower, upper] = std::equal_range(random.begin(), random.end(), cosine);
    below += 0.5 * static_cast<double>((lower - random.begin()) + (upper - random.begin()));
  }
  return Quality{synonyms.size(), below / static_cast<double>(synonyms.size()) / static_cast<double>(random.size())};
}

}  // namespace examples::skipgram
