#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <string>
#include <vector>

#include "table_about.h"

namespace windrow::tools {

// How what optimisers keep differs between two Windrow tables. Values are compared by their bytes.
struct StateDiff {
  struct Tensor {
    std::string name;     // without the prefix that it has in the file
    std::string problem;  // "only in A", "another shape"; empty where rows differ
    int64_t changed_rows = 0;
    int64_t rows = 0;
  };

  std::string optimizer_a, optimizer_b;
  uint64_t step_count_a = 0, step_count_b = 0;
  std::vector<Tensor> tensors;  // those that differ

  bool same() const { return optimizer_a == optimizer_b && step_count_a == step_count_b && tensors.empty(); }
};

// Both have a slot.
Result<StateDiff> diff_state(const TableAbout& a, const TableAbout& b);

}  // namespace windrow::tools
