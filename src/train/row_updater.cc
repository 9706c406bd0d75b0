#include "train/row_updater.h"

#include <algorithm>

#include "base/checked.h"
#include "base/prefetch.h"
#include "table/view_rows.h"

namespace windrow {

namespace {

// How far ahead rows and gradients are fetched (bench/step_bench.cc).
constexpr size_t kRowsAhead = 16;
constexpr size_t kGradientsAhead = 8;

// Gradients of no more bytes stay in the second-level cache, where to ask for them ahead only costs time.
constexpr size_t kCachedGradients = 256 * 1024;
size_t bytes_of(const RowsIn& grads, size_t dim) {
  return grads.rows * dim * bytes_of_value(grads.type);
}

// Scratch rows are to stay in the first-level cache, and each starts on a cache line: a vector that was stored across
// two of them is slow to load again.
constexpr size_t kScratchFloats = 2048;
size_t row_floats(const RowsToUpdate& rows) {
  return round_up(rows.dim(), kCacheLine / sizeof(float));
}
size_t rows_at_a_time(const RowsToUpdate& rows) {
  return std::clamp<size_t>(kScratchFloats / row_floats(rows), 1, kernels::kMaxUpdateRows);
}

ValueType value_type_of(const RowFormat& format) {
  return format.kind == RowFormat::Kind::kF16 ? ValueType::kF16 : ValueType::kBf16;
}

}  // namespace

size_t RowsToUpdate::bytes_per_row() const {
  size_t bytes = weights->row_bytes;
  for (const auto& state : states) bytes += state.row_bytes;
  return 2 * bytes;
}

RowUpdater::RowUpdater(const Gradient& gradient, const RowsIn& grads, const RowsToUpdate& rows,
                       const UpdateRule& rule)
    : gradient_(gradient),
      to_(rows),
      rule_(rule),
      fetched_bytes_(bytes_of(grads, rows.dim()) > kCachedGradients ? rows.dim() * bytes_of_value(grads.type)
                                                                    : 0),
      occurrences_(gradient.occurrences()),
      scalars_(kernels::step_scalars(rule.optimizer, rule.step)),
      merge_(kernels::merge_gradients(gradient.contribution(), grads.type)),
      update_(kernels::update_rows(rule.optimizer)),
      rows_at_a_time_(rows_at_a_time(rows)),
      row_floats_(row_floats(rows)) {
  if (rule.scale_by_frequency) divide_ = kernels::divide_values();
  if (rule.clip.kind == Clip::Kind::kValue) clip_ = kernels::clip_values();
  if (rule.clip.kind == Clip::Kind::kRowNorm) clip_ = kernels::clip_row_norm();
  if (rows.format.kind == RowFormat::Kind::kF32) return;
  decode_ = kernels::decode_rows(rows.format);
  if (rule.rounding == Rounding::kNearest) {
    encode_ = kernels::encode_values(value_type_of(rows.format));
  } else {
    random_words_ = kernels::random_words();
    round_ = kernels::round_stochastically(value_type_of(rows.format));
  }
}

size_t RowUpdater::scratch_floats(const RowsToUpdate& rows) {
  const size_t batch = rows_at_a_time(rows) * row_floats(rows);
  // Merged gradients; the weights as floats; random words of one row.
  return rows.format.kind == RowFormat::Kind::kF32 ? batch : 2 * batch + rows.dim() + kernels::kRandomSlack;
}

// Inlined for the reason that prefetch_range() gives.
[[gnu::always_inline]] inline void RowUpdater::prefetch(size_t row) const {
  const int64_t id = gradient_.rows().row(row);
  prefetch_range(to_.weights->row(id), to_.weights->row_bytes);
  for (const auto& state : to_.states) prefetch_range(state.row(id), state.row_bytes);
}

void RowUpdater::update(size_t begin, size_t end, float* scratch) const {
  for (size_t row = begin; row < std::min(end, begin + kRowsAhead); ++row) prefetch(row);
  for (size_t row = begin; row < end; row += rows_at_a_time_) {
    const size_t count = std::min(rows_at_a_time_, end - row);
    for (size_t k = 0; k < count; ++k) {
      if (row + k + kRowsAhead < end) prefetch(row + k + kRowsAhead);
      merge(row + k, {0, to_.dim()}, scratch + k * row_floats_);
    }
    take_steps(row, count, scratch, scratch + rows_at_a_time_ * row_floats_);
  }
}

void RowUpdater::merge(size_t row, Shares::Columns columns, float* merged) const {
  const auto bounds = gradient_.rows().bounds();
  const auto begin = static_cast<size_t>(bounds[row]), end = static_cast<size_t>(bounds[row + 1]);
  // The gradients that lie so far behind those of this row. A row with a great many relies on the hardware: fetching
  // them all here would come too early.
  const size_t last = std::min({end + kGradientsAhead, occurrences_.count, begin + 5 * kGradientsAhead});
  for (size_t k = begin + kGradientsAhead; fetched_bytes_ > 0 && k < last; ++k)
    prefetch_range(occurrences_.gradients[k], fetched_bytes_);
  merge_(occurrences_, begin, end, columns.begin, columns.end, merged);
}

void RowUpdater::take_step(size_t row, float* merged, float* scratch) const {
  take_steps(row, 1, merged, scratch);
}

void RowUpdater::take_steps(size_t row, size_t count, float* merged, float* scratch) const {
  const Coalescer& rows = gradient_.rows();
  std::array<uint8_t*, kernels::kMaxUpdateRows> weights;
  std::array<std::array<uint8_t*, kernels::kMaxUpdateRows>, kMaxStates> states;
  for (size_t k = 0; k < count; ++k) {
    float* const g = merged + k * row_floats_;
    const int64_t occurrences = rows.bounds()[row + k + 1] - rows.bounds()[row + k];
    if (divide_) divide_(g, to_.dim(), static_cast<float>(occurrences));
    if (clip_) clip_(g, to_.dim(), static_cast<float>(rule_.clip.limit));
    const int64_t id = rows.row(row + k);
    weights[k] = to_.weights->row(id);
    to_.weights->mark(id);
    for (size_t s = 0; s < to_.states.size(); ++s) {
      states[s][k] = to_.states[s].row(id);
      to_.states[s].mark(id);
    }
    if (to_.counters) to_.counters->begin_change(id);
  }
  const kernels::RowUpdates updates{
      count, to_.dim(), merged, row_floats_, weights.data(), {states[0].data(), states[1].data()}, &scalars_};
  if (decode_)
    update_narrow(updates, row, scratch);
  else
    update_(updates);
  for (size_t k = 0; to_.counters && k < count; ++k) to_.counters->end_change(rows.row(row + k));
}

// Rows that are not floats take their step as floats.
void RowUpdater::update_narrow(const kernels::RowUpdates& updates, size_t row, float* scratch) const {
  std::array<uint8_t*, kernels::kMaxUpdateRows> floats;
  for (size_t k = 0; k < updates.rows; ++k) floats[k] = reinterpret_cast<uint8_t*>(scratch + k * row_floats_);
  decode_(to_.format, {updates.weights, nullptr, updates.rows, 0}, scratch, row_floats_);
  kernels::RowUpdates widened = updates;
  widened.weights = floats.data();
  update_(widened);
  auto* const words = reinterpret_cast<uint32_t*>(scratch + rows_at_a_time_ * row_floats_);
  for (size_t k = 0; k < updates.rows; ++k) {
    const float* const values = scratch + k * row_floats_;
    if (encode_) {
      encode_(values, updates.columns, updates.weights[k]);
      continue;
    }
    random_words_(rule_.seed, static_cast<uint32_t>(rule_.step), gradient_.rows().row(row + k),
                  updates.columns, words);
    round_(values, words, updates.columns, updates.weights[k]);
  }
}

}  // namespace windrow
