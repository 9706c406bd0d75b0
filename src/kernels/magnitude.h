#pragma once

#include <windrow/views.h>
#include <cstddef>
#include <cstdint>

namespace windrow::kernels {

// The largest magnitude of `count` values of any alignment, as the bits of a float without its sign: above 0x7f7fffff
// exactly when one of them is infinite or NaN. 0 for no values.
using LargestMagnitudeFn = uint32_t (*)(const uint8_t* values, size_t count);
LargestMagnitudeFn largest_magnitude(ValueType type);

}  // namespace windrow::kernels
