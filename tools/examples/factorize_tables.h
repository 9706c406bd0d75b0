#pragma once

#include <windrow/windrow.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "example_error.h"

namespace examples::factorize {

// Writes a table of floats with a row per name; fill(row, values) gives the values, from row 0 up.
Result<void> write_table(const std::string& path, int64_t dim, std::span<const std::string_view> names,
                         const std::optional<windrow::Optimizer>& optimizer,
                         const std::function<void(size_t row, std::span<float> values)>& fill);

// A table to be trained: small random values, and `last` in the last column.
Result<windrow::Trainer> create_table(const std::string& path, int64_t dim, std::span<const std::string_view> names,
                                      const windrow::Optimizer& optimizer, float last, uint64_t seed);

}  // namespace examples::factorize
