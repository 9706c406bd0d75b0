#include "train/finite.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/fail.h"
#include "base/parallel.h"
#include "kernels/magnitude.h"
#include "table/view_rows.h"

namespace windrow {

namespace {

// Where the occurrence of an id stands: its bag, if there are bags, and the first position there that holds the id.
std::string place_of(const GradientRequest& request, uint64_t source, int64_t id) {
  if (!request.pooled) return concat("position ", source);
  size_t bag = static_cast<size_t>(source), position = bag;
  if (request.same_in_bag()) {
    position = static_cast<size_t>(request.bounds[bag]);
    while (request.ids[position] != id) ++position;
  } else {
    const auto after =
        std::upper_bound(request.bounds.begin(), request.bounds.end(), static_cast<int64_t>(source));
    bag = static_cast<size_t>(after - request.bounds.begin()) - 1;
  }
  return concat("position ", position, ", in bag ", bag);
}

size_t first_not_finite(const float* values, size_t count) {
  return static_cast<size_t>(std::find_if(values, values + count, [](float v) { return !std::isfinite(v); }) -
                             values);
}

}  // namespace

void FiniteCheck::reserve(size_t dim, int threads) {
  grow(largest_, static_cast<size_t>(threads));
  grow(merged_, dim);
}

void FiniteCheck::scan(const GradientRequest& request, size_t dim, int threads) {
  const auto largest = kernels::largest_magnitude(request.grads.type);
  const size_t rows = request.pooled ? request.bounds.size() - 1 : request.ids.count;
  const bool gapless = request.grads.row_stride == dim;
  std::fill(largest_.begin(), largest_.end(), 0);
  parallel(threads, [&](int t) {
    const Chunk chunk = chunk_of(t, threads, rows);
    const size_t at_a_time = gapless ? chunk.end - chunk.begin : 1;
    uint32_t most = 0;
    for (size_t row = chunk.begin; row < chunk.end; row += at_a_time)
      most = std::max(most, largest(row_of(request.grads, row), at_a_time * dim));
    largest_[static_cast<size_t>(t)] = most;
  });
  largest_weight_ = kernels::largest_magnitude(ValueType::kF32)(
      reinterpret_cast<const uint8_t*>(request.weights.data()), request.weights.size());
}

Result<void> FiniteCheck::check(const GradientRequest& request, const Gradient& gradient, size_t dim) {
  const auto as_double = [](uint32_t bits) { return static_cast<double>(std::bit_cast<float>(bits)); };
  const uint32_t largest = *std::max_element(largest_.begin(), largest_.end());
  const double factor = request.weighted() ? as_double(largest_weight_) : 1;
  const auto count = static_cast<double>(gradient.rows().occurrences());
  // No sum of so many terms is larger, roundings included; mean only divides. NaN is not below anything.
  const double bound = as_double(largest) * factor * count * std::exp(count * 0x1p-23);
  if (bound < std::numeric_limits<float>::max()) return {};
  return check_each(request, gradient, dim);
}

// Gradients that are unused may be anything, and large ones may cancel out: so the sums themselves decide.
Result<void> FiniteCheck::check_each(const GradientRequest& request, const Gradient& gradient, size_t dim) {
  const Coalescer& rows = gradient.rows();
  const auto occurrences = gradient.occurrences();
  const auto merge = kernels::merge_gradients(gradient.contribution(), request.grads.type);
  for (size_t row = 0; row < rows.rows(); ++row) {
    const auto begin = static_cast<size_t>(rows.bounds()[row]),
               end = static_cast<size_t>(rows.bounds()[row + 1]);
    merge(occurrences, begin, end, 0, dim, merged_.data());
    const size_t column = first_not_finite(merged_.data(), dim);
    if (column == dim) continue;
    const float sum = merged_[column];
    const auto advice =
        "; nothing has changed. StepOptions::non_finite lets such gradients through, Clip does not mend them";
    const int64_t id = rows.row(row);
    for (size_t k = begin; k < end; ++k) {
      merge(occurrences, k, k + 1, 0, dim, merged_.data());
      const size_t bad = first_not_finite(merged_.data(), dim);
      if (bad == dim) continue;
      return fail(ErrorCode::kInvalidArgument,
                  request.weighted() ? "the gradient times the weight of id " : "the gradient of id ", id,
                  " at ", place_of(request, rows.source(k), id), " is ", merged_[bad], " in column ", bad,
                  advice);
    }
    return fail(ErrorCode::kInvalidArgument, "the ", end - begin, " gradients of id ", id, " add up to ", sum,
                " in column ", column, ", beyond the largest float", advice);
  }
  return {};
}

}  // namespace windrow
