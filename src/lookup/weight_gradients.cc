#include "base/fail.h"
#include "lookup/bag_dots.h"

namespace windrow {

Result<LookupReport> weight_gradients(const Table& table, const Bags& bags, Pooling pooling, RowsIn grads,
                                      std::span<float> out, const LookupOptions& options) {
  switch (pooling) {
    case Pooling::kSum:
      return bag_dots(table, bags, grads, "grads", DotScale::kOne, out, options);
    case Pooling::kMean:
      return bag_dots(table, bags, grads, "grads", DotScale::kReciprocal, out, options);
    case Pooling::kMax:
      return fail(ErrorCode::kInvalidArgument,
                  "pooling: a maximum has no weights, and so no gradient of them");
  }
  return fail(ErrorCode::kInvalidArgument, "pooling: number ", static_cast<int>(pooling), " is unknown");
}

}  // namespace windrow
