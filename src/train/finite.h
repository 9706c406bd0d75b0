#pragma once

#include <windrow/error.h>
#include <vector>

#include "train/gradient.h"

namespace windrow {

// Whether the gradients of a step, and their sums, are numbers.
class FiniteCheck {
 public:
  // Makes room. May throw bad_alloc.
  void reserve(size_t dim, int threads);
  // Looks for the largest gradient.
  void scan(const GradientRequest& request, size_t dim, int threads);
  // After scan() and `gradient.prepare()`. kInvalidArgument names the first row, by id, whose merged gradient is NaN or
  // infinite, and where that comes from.
  Result<void> check(const GradientRequest& request, const Gradient& gradient, size_t dim);

 private:
  Result<void> check_each(const GradientRequest& request, const Gradient& gradient, size_t dim);

  std::vector<uint32_t> largest_;  // magnitude that each thread found, as bits
  uint32_t largest_weight_ = 0;
  std::vector<float> merged_;
};

}  // namespace windrow
