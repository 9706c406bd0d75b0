#pragma once

#include <windrow/lookup.h>

namespace windrow {

// What is done to the dot products of a bag.
enum class DotScale : uint8_t {
  kOne,
  kReciprocal,  // times 1 / n, n the number of ids used in the bag
};

// What dot_bags() and weight_gradients() share: the dot product of each row with the vector of its bag. `what` names
// the vectors in messages. bags.weights are not looked at, but for their number.
Result<LookupReport> bag_dots(const Table& table, const Bags& bags, RowsIn vectors, const char* what,
                              DotScale scale, std::span<float> out, const LookupOptions& options);

}  // namespace windrow
