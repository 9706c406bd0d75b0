#pragma once

#include <cstddef>

namespace windrow::kernels {

// What is done to a merged gradient in place before the optimiser sees it.

// g = min(max(g, -limit), limit); NaN stays.
using ClipFn = void (*)(float* g, size_t columns, float limit);
ClipFn clip_values();

// g = g * (limit / norm) where norm = sqrt(p0 + ... + p7 as in optimizer.h, RowwiseAdagrad) > limit.
ClipFn clip_row_norm();

// g = g / count
using DivideFn = void (*)(float* g, size_t columns, float count);
DivideFn divide_values();

}  // namespace windrow::kernels
