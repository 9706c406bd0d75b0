#include "base/fail.h"
#include "lookup/bag_dots.h"

namespace windrow {

Result<LookupReport> dot_bags(const Table& table, const Bags& bags, RowsIn vectors, std::span<float> out,
                              const LookupOptions& options) {
  if (!bags.weights.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "weights: dot_bags takes none; weight_gradients() computes their gradient");
  }
  return bag_dots(table, bags, vectors, "vectors", DotScale::kOne, out, options);
}

}  // namespace windrow
