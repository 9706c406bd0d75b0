#pragma once

#include <windrow/row_format.h>
#include <cstdint>
#include <vector>

#include "formats/row_block.h"
#include "kernels/encode.h"
#include "kernels/rows.h"

namespace windrow::tools {

// What a row format makes of values: encodes rows as a new table does, and decodes them again.
class FormatError {
 public:
  explicit FormatError(const RowFormat& format);

  // Rows that the format can hold.
  void add(const RowBlock& block);

  // Over all finite values that stayed finite.
  double largest() const { return largest_; }
  double root_mean_square() const;
  // How large the largest can be at most, by FORMAT.md, "What a format costs".
  double bound() const { return bound_; }
  // Finite values that came out as infinity or NaN.
  uint64_t lost() const { return lost_; }

 private:
  void add_row(const float* values, const float* decoded);

  RowFormat format_;
  kernels::EncodeRowFn encode_;
  kernels::DecodeRowsFn decode_;
  std::vector<uint8_t> row_;
  std::vector<float> decoded_;
  double largest_ = 0, squares_ = 0, bound_ = 0;
  uint64_t count_ = 0, lost_ = 0;
};

}  // namespace windrow::tools
