#include "train/gradient.h"

#include <algorithm>

#include "base/parallel.h"
#include "table/table_data.h"
#include "table/view_rows.h"

namespace windrow {

using kernels::Contribution;

namespace {

Contribution contribution_of(const GradientRequest& request) {
  if (request.is_max()) return Contribution::kWinner;
  return request.weighted() || request.is_mean() ? Contribution::kFactor : Contribution::kPlain;
}

}  // namespace

Positions Gradient::positions(const GradientRequest& request) const {
  return {request.ids, request.filter, request.same_in_bag() ? request.bounds : std::span<const int64_t>()};
}

Result<void> Gradient::reserve(const GradientRequest& request, const TableData& table, int threads) {
  const size_t count = request.ids.count;
  contribution_ = contribution_of(request);
  if (request.pooled && !request.same_in_bag()) grow(bag_of_, count);
  if (request.is_mean()) grow(reciprocals_, request.bounds.size() - 1);
  if (request.is_max()) winners_.reserve(table, count, request.bounds, threads);
  grow(gradients_, count);
  if (contribution_ == Contribution::kFactor) grow(factors_, count);
  if (contribution_ == Contribution::kWinner) {
    grow(winner_rows_, count);
    grow(places_, count);
  }
  return rows_.reserve(positions(request), table.rows, threads);
}

void Gradient::prepare(const GradientRequest& request, const TableData& table, int threads) {
  if (request.is_mean()) find_reciprocals(request, threads);
  if (request.pooled && !request.same_in_bag()) find_bags(request.bounds, threads);
  rows_.run(positions(request), threads);
  used_ids_ = static_cast<int64_t>(rows_.occurrences());
  unique_ids_ = static_cast<int64_t>(rows_.rows());
  if (request.is_max()) {
    winners_.find(table, request.ids, request.bounds, request.filter, threads);
    rows_.keep(winners_.wins());
  }
  parallel(threads, [&](int t) { locate(request, chunk_of(t, threads, rows_.occurrences())); });
}

kernels::Occurrences Gradient::occurrences() const {
  return {gradients_.data(), rows_.occurrences(), factors_.data(), winner_rows_.data(), places_.data()};
}

void Gradient::find_reciprocals(const GradientRequest& request, int threads) {
  const size_t bags = request.bounds.size() - 1;
  parallel(threads, [&](int t) {
    const Chunk chunk = chunk_of(t, threads, bags);
    for (size_t bag = chunk.begin; bag < chunk.end; ++bag) {
      const auto begin = static_cast<size_t>(request.bounds[bag]),
                 end = static_cast<size_t>(request.bounds[bag + 1]);
      reciprocals_[bag] = 1.0f / static_cast<float>(request.filter.count(request.ids, begin, end));
    }
  });
}

void Gradient::find_bags(std::span<const int64_t> bounds, int threads) {
  parallel(threads, [&](int t) {
    const Chunk chunk = chunk_of(t, threads, bounds.size() - 1);
    for (size_t bag = chunk.begin; bag < chunk.end; ++bag) {
      std::fill(bag_of_.begin() + bounds[bag], bag_of_.begin() + bounds[bag + 1], static_cast<uint32_t>(bag));
    }
  });
}

// Turns the sources of a chunk of the occurrences into addresses and numbers.
void Gradient::locate(const GradientRequest& request, Chunk chunk) {
  const bool by_source =
      !request.pooled || request.same_in_bag();  // the source itself names the gradient row
  const auto for_each = [&](const auto& body) {
    for (size_t k = chunk.begin; k < chunk.end; ++k) {
      const auto source = static_cast<size_t>(rows_.source(k));
      const size_t bag = by_source ? source : bag_of_[source];
      gradients_[k] = row_of(request.grads, bag);
      body(k, source, bag);
    }
  };
  switch (contribution_) {
    case Contribution::kPlain:
      return for_each([](size_t, size_t, size_t) {});
    case Contribution::kWinner:
      return for_each([&](size_t k, size_t source, size_t bag) {
        winner_rows_[k] = winners_.of_bag(bag);
        places_[k] = static_cast<uint32_t>(source - static_cast<size_t>(request.bounds[bag]));
      });
    case Contribution::kFactor:
      if (!request.weighted()) {
        return for_each([&](size_t k, size_t, size_t bag) { factors_[k] = reciprocals_[bag]; });
      }
      if (request.pooling == Pooling::kSum) {
        return for_each([&](size_t k, size_t source, size_t) { factors_[k] = request.weights[source]; });
      }
      return for_each([&](size_t k, size_t source, size_t bag) {
        factors_[k] = request.weights[source] * reciprocals_[bag];
      });
  }
}

}  // namespace windrow
