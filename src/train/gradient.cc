#include "train/gradient.h"

#include <algorithm>

#include "base/parallel.h"
#include "table/request.h"
#include "table/table_data.h"

namespace windrow {

using kernels::Contribution;

Result<void> Gradient::prepare(const GradientRequest& request, const TableData& table, int threads) {
  const size_t positions = request.ids.count;
  const bool weighted = !request.weights.empty();
  const bool max = request.pooled && request.pooling == Pooling::kMax;
  const bool mean = request.pooled && request.pooling == Pooling::kMean;
  contribution_ = max                ? Contribution::kWinner
                  : weighted || mean ? Contribution::kFactor
                                     : Contribution::kPlain;
  source_is_bag_ = request.pooled && !weighted && !max;

  if (mean) find_reciprocals(request, threads);
  if (request.pooled && !source_is_bag_) find_bags(request.bounds, positions, threads);
  Positions used{request.ids, request.padding_id, {}, {}};
  if (source_is_bag_) used.bag_bounds = request.bounds;
  if (max) {
    winners_.find(table, request.ids, request.bounds, request.padding_id, threads);
    used.wins = winners_.wins();
  }
  if (auto coalesced = rows_.run(used, table.rows, threads); !coalesced) return coalesced;

  grow(gradients_, positions);
  if (contribution_ == Contribution::kFactor) grow(factors_, positions);
  if (max) grow(winner_rows_, positions);
  if (max) grow(places_, positions);
  parallel(threads, [&](int t) { locate(request, chunk_of(t, threads, rows_.occurrences())); });
  return {};
}

kernels::Occurrences Gradient::occurrences() const {
  return {gradients_.data(), rows_.occurrences(), factors_.data(), winner_rows_.data(), places_.data()};
}

void Gradient::find_reciprocals(const GradientRequest& request, int threads) {
  const size_t bags = request.bounds.size() - 1;
  grow(reciprocals_, bags);
  parallel(threads, [&](int t) {
    const Chunk chunk = chunk_of(t, threads, bags);
    for (size_t bag = chunk.begin; bag < chunk.end; ++bag) {
      const auto begin = static_cast<size_t>(request.bounds[bag]),
                 end = static_cast<size_t>(request.bounds[bag + 1]);
      reciprocals_[bag] =
          1.0f / static_cast<float>(IdFilter{request.padding_id}.count(request.ids, begin, end));
    }
  });
}

void Gradient::find_bags(std::span<const int64_t> bounds, size_t positions, int threads) {
  grow(bag_of_, positions);
  parallel(threads, [&](int t) {
    const Chunk chunk = chunk_of(t, threads, bounds.size() - 1);
    for (size_t bag = chunk.begin; bag < chunk.end; ++bag) {
      std::fill(bag_of_.begin() + bounds[bag], bag_of_.begin() + bounds[bag + 1], static_cast<uint32_t>(bag));
    }
  });
}

// Turns the sources of a chunk of the occurrences into addresses and numbers.
void Gradient::locate(const GradientRequest& request, Chunk chunk) {
  const auto* grads = static_cast<const uint8_t*>(request.grads.data);
  const size_t stride_bytes = request.grads.row_stride * sizeof(float);
  const bool by_position = !request.pooled || source_is_bag_;  // the source itself names the gradient row
  const auto for_each = [&](const auto& body) {
    for (size_t k = chunk.begin; k < chunk.end; ++k) {
      const auto source = static_cast<size_t>(rows_.source(k));
      const size_t bag = by_position ? source : bag_of_[source];
      gradients_[k] = grads + bag * stride_bytes;
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
      if (request.weights.empty()) {
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
