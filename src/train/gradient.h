#pragma once

#include <windrow/lookup.h>
#include <windrow/views.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kernels/update.h"
#include "train/chunks.h"
#include "train/coalesce.h"
#include "train/max_winners.h"

namespace windrow {

struct TableData;

// A checked request for a step.
struct GradientRequest {
  Ids ids;
  RowsIn grads;  // one row per bag, or per id when there are no bags
  std::optional<int64_t> padding_id;

  bool pooled = false;
  Pooling pooling = Pooling::kSum;
  std::span<const int64_t> bounds;  // of the bags
  std::span<const float> weights;   // one per id, or empty
};

// What each occurrence of each touched row contributes, without a gradient row per id ever being stored: an
// occurrence is the address of its bag's gradient row, and a factor or a place among the winners of its bag.
class Gradient {
 public:
  // kInvalidArgument when the request is too large to sort. May throw bad_alloc.
  Result<void> prepare(const GradientRequest& request, const TableData& table, int threads);

  const Coalescer& rows() const { return rows_; }
  kernels::Contribution contribution() const { return contribution_; }
  kernels::Occurrences occurrences() const;

 private:
  void find_bags(std::span<const int64_t> bounds, size_t positions, int threads);
  void find_reciprocals(const GradientRequest& request, int threads);
  void locate(const GradientRequest& request, Chunk chunk);

  kernels::Contribution contribution_ = kernels::Contribution::kPlain;
  bool source_is_bag_ = false;
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
