#pragma once

#include <windrow/lookup.h>
#include <windrow/views.h>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/merge.h"
#include "table/request.h"
#include "train/chunks.h"
#include "train/coalesce.h"
#include "train/max_winners.h"

namespace windrow {

struct TableData;

// A checked request for a step.
struct GradientRequest {
  Ids ids;
  RowsIn grads;  // one row per bag, or per id when there are no bags
  IdFilter filter;

  bool pooled = false;
  Pooling pooling = Pooling::kSum;
  std::span<const int64_t> bounds;  // of the bags
  std::span<const float> weights;   // one per id, or empty

  bool weighted() const { return !weights.empty(); }
  bool is_max() const { return pooled && pooling == Pooling::kMax; }
  bool is_mean() const { return pooled && pooling == Pooling::kMean; }
  // Whether the bag alone says what a position contributes.
  bool same_in_bag() const { return pooled && !weighted() && !is_max(); }
};

// What each occurrence of each touched row contributes, without a gradient row per id ever being stored: an
// occurrence is the address of its bag's gradient row, and a factor or a place among the winners of its bag.
class Gradient {
 public:
  // Makes room. kInvalidArgument when the request is too large to sort. May throw bad_alloc.
  Result<void> reserve(const GradientRequest& request, const TableData& table, int threads);
  // With the threads that there is room for. What it found is of this request until the next.
  void prepare(const GradientRequest& request, const TableData& table, int threads);

  const Coalescer& rows() const { return rows_; }
  int64_t used_ids() const { return used_ids_; }
  int64_t unique_ids() const { return unique_ids_; }
  kernels::Contribution contribution() const { return contribution_; }
  kernels::Occurrences occurrences() const;

 private:
  Positions positions(const GradientRequest& request) const;
  void find_bags(std::span<const int64_t> bounds, int threads);
  void find_reciprocals(const GradientRequest& request, int threads);
  void locate(const GradientRequest& request, Chunk chunk);

  kernels::Contribution contribution_ = kernels::Contribution::kPlain;
  int64_t used_ids_ = 0;
  int64_t unique_ids_ = 0;
  Coalescer rows_;
  MaxWinners winners_;
  std::vector<uint32_t> bag_of_;    // by position, where the position is the source
  std::vector<float> reciprocals_;  // by bag, kMean: 1 / ids used

  std::vector<const uint8_t*> gradients_;  // by occurrence, as kernels::Occurrences has them
  std::vector<float> factors_;
  std::vector<const uint32_t*> winner_rows_;
  std::vector<uint32_t> places_;
};

}  // namespace windrow
