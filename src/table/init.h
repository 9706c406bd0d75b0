#pragma once

#include <windrow/error.h>
#include <windrow/table.h>
#include <cstdint>
#include <span>
#include <string>

namespace windrow {

// The first values of a new table: FORMAT.md, "Initialisation".

Result<void> check_init(const Init& init);

// As the command line writes it: "xavier_uniform", "uniform:0.1", ...
std::string init_text(const Init& init);

// Fills one row of a new table of `rows` x values.size().
void init_row(const Init& init, uint64_t seed, int64_t rows, int64_t row, std::span<float> values);

}  // namespace windrow
