#include "kernels/update.h"

#include "kernels/dispatch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/update.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/adagrad-inl.h"
#include "kernels/floats-inl.h"
#include "kernels/sgd-inl.h"
#include "kernels/update-inl.h"

// Every rule that update_rows() knows: the struct's name is the enumerator's without its k.
#ifndef WINDROW_UPDATE_RULES
#define WINDROW_UPDATE_RULES(EACH) EACH(Sgd) EACH(Adagrad) EACH(AdagradEpsInside)
#endif

HWY_BEFORE_NAMESPACE();
namespace windrow::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// How far ahead gradient rows are fetched, in occurrences (bench/step_bench.cc).
constexpr size_t kGradientsAhead = 8;

// One step of Lanes(d) columns with the merged gradient g.
template <class Rule, class D>
HWY_INLINE void take_step(D d, const RowUpdates& updates, size_t row, size_t column, hn::Vec<D> g) {
  auto w = load_floats(d, updates.weights[row], column);
  if constexpr (Rule::kHasState) {
    auto s = load_floats(d, updates.states[row], column);
    Rule::step(d, updates.scalars, g, w, s);
    store_floats(d, s, updates.states[row], column);
  } else {
    Rule::step(d, updates.scalars, g, w);
  }
  store_floats(d, w, updates.weights[row], column);
}

// Four vectors of columns in one pass over the occurrences: enough sums in flight to hide the latency of Add,
// and the cache lines not in ascending order, which would wake the hardware's own prefetcher: it fetches
// lines behind the row.
template <class Rule, class From, class D>
HWY_INLINE void update_four(D d, const RowUpdates& updates, size_t row, size_t column) {
  const Occurrences& from = updates.occurrences;
  const size_t lanes = hn::Lanes(d);
  const size_t begin = static_cast<size_t>(updates.bounds[row]),
               end = static_cast<size_t>(updates.bounds[row + 1]);
  auto sum2 = From::load(d, from, begin, column + 2 * lanes);
  auto sum3 = From::load(d, from, begin, column + 3 * lanes);
  auto sum0 = From::load(d, from, begin, column);
  auto sum1 = From::load(d, from, begin, column + lanes);
  for (size_t i = begin + 1; i < end; ++i) {
    sum2 = hn::Add(sum2, From::load(d, from, i, column + 2 * lanes));
    sum3 = hn::Add(sum3, From::load(d, from, i, column + 3 * lanes));
    sum0 = hn::Add(sum0, From::load(d, from, i, column));
    sum1 = hn::Add(sum1, From::load(d, from, i, column + lanes));
  }
  take_step<Rule>(d, updates, row, column + 2 * lanes, sum2);
  take_step<Rule>(d, updates, row, column + 3 * lanes, sum3);
  take_step<Rule>(d, updates, row, column, sum0);
  take_step<Rule>(d, updates, row, column + lanes, sum1);
}

template <class Rule, class From, class D>
HWY_INLINE void update_one(D d, const RowUpdates& updates, size_t row, size_t column) {
  const Occurrences& from = updates.occurrences;
  const size_t begin = static_cast<size_t>(updates.bounds[row]),
               end = static_cast<size_t>(updates.bounds[row + 1]);
  auto sum = From::load(d, from, begin, column);
  for (size_t i = begin + 1; i < end; ++i) sum = hn::Add(sum, From::load(d, from, i, column));
  take_step<Rule>(d, updates, row, column, sum);
}

template <class Rule>
HWY_INLINE void prefetch_row(const RowUpdates& updates, size_t row) {
  if (updates.weights[row] == nullptr) return;
  prefetch_columns(updates.weights[row], updates.column_begin, updates.column_end);
  if constexpr (Rule::kHasState) {
    prefetch_columns(updates.states[row], updates.column_begin, updates.column_end);
  }
}

// The gradient rows that lie kGradientsAhead behind those of `row`.
HWY_INLINE void prefetch_gradients(const RowUpdates& updates, size_t row) {
  const Occurrences& from = updates.occurrences;
  const size_t begin = static_cast<size_t>(updates.bounds[row]) + kGradientsAhead;
  const size_t end = static_cast<size_t>(updates.bounds[row + 1]) + kGradientsAhead;
  // A row with a great many occurrences relies on the hardware: fetching them all here would come too early.
  const size_t last = HWY_MIN(HWY_MIN(end, from.count), begin + 4 * kGradientsAhead);
  for (size_t i = begin; i < last; ++i) {
    prefetch_columns(from.gradients[i], updates.column_begin, updates.column_end);
  }
}

template <class Rule, class From>
void update_rows(const RowUpdates& updates) {
  const hn::ScalableTag<float> d;
  const size_t four = 4 * hn::Lanes(d);
  for (size_t row = 0; row < updates.rows; ++row) {
    prefetch_row<Rule>(updates, row + kRowsAhead);
    prefetch_gradients(updates, row);
    size_t column = updates.column_begin;
    for (; column + four <= updates.column_end; column += four)
      update_four<Rule, From>(d, updates, row, column);
    for_each_column<hn::MaxLanes(hn::ScalableTag<float>())>(
        column, updates.column_end,
        [&](auto part, size_t at) HWY_ATTR { update_one<Rule, From>(part, updates, row, at); });
  }
}

// Highway exports plain functions by name: one for every rule and contribution.
#define WINDROW_DEFINE(RULE)                             \
  void Update##RULE##Plain(const RowUpdates& updates) {  \
    update_rows<RULE, PlainContribution>(updates);       \
  }                                                      \
  void Update##RULE##Factor(const RowUpdates& updates) { \
    update_rows<RULE, FactorContribution>(updates);      \
  }                                                      \
  void Update##RULE##Winner(const RowUpdates& updates) { \
    update_rows<RULE, WinnerContribution>(updates);      \
  }
WINDROW_UPDATE_RULES(WINDROW_DEFINE)
#undef WINDROW_DEFINE

}  // namespace windrow::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

#define WINDROW_EXPORT(RULE)        \
  HWY_EXPORT(Update##RULE##Plain);  \
  HWY_EXPORT(Update##RULE##Factor); \
  HWY_EXPORT(Update##RULE##Winner);
WINDROW_UPDATE_RULES(WINDROW_EXPORT)
#undef WINDROW_EXPORT

UpdateRowsFn update_rows(UpdateRule rule, Contribution contribution) {
  choose_target_once();
  switch (rule) {
#define WINDROW_CASE(RULE)                                 \
  case UpdateRule::k##RULE:                                \
    switch (contribution) {                                \
      case Contribution::kPlain:                           \
        return HWY_DYNAMIC_DISPATCH(Update##RULE##Plain);  \
      case Contribution::kFactor:                          \
        return HWY_DYNAMIC_DISPATCH(Update##RULE##Factor); \
      case Contribution::kWinner:                          \
        return HWY_DYNAMIC_DISPATCH(Update##RULE##Winner); \
    }                                                      \
    break;
    WINDROW_UPDATE_RULES(WINDROW_CASE)
#undef WINDROW_CASE
  }
  return nullptr;  // unreachable: every enumerator has its case
}

}  // namespace windrow::kernels
#endif  // HWY_ONCE
