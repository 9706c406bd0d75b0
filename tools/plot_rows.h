#pragma once

#include <windrow/error.h>
#include <windrow/table.h>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace windrow::tools {

// Which rows a plot shows.
struct PlotChoice {
  std::string tokens;          // a file with a token per line
  std::string rows;            // A:B
  std::optional<int64_t> top;  // the first so many tokens, or rows of a table without
};

struct PlotRows {
  size_t dim = 0;
  std::vector<float> values;  // names.size() x dim, all finite
  std::vector<std::string> names;
  std::vector<std::optional<int64_t>> rows;  // nothing for a word made of n-grams alone

  std::vector<std::string> unknown;  // tokens of the file that the table does not have
  size_t not_finite = 0;             // rows that were left out, since a value is a NaN or infinite
};

// More points than a picture can show are refused.
constexpr int64_t kMostPlotRows = 20'000;

// kNotFound when no row is left. Throws WrongUsage for choices that do not go together or make no sense.
Result<PlotRows> rows_to_plot(const Table& table, const PlotChoice& choice);

}  // namespace windrow::tools
