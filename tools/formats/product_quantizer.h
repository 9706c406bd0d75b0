#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace windrow::tools {

// Product quantization (Jégou, Douze and Schmid 2011): a row is cut into parts of equal size, and a code says for each
// part which of its centroids is nearest. With a projection, as in optimized product quantization (Ge et al. 2013), the
// row was turned before, and is turned back:
//
//   turned[p * part + c] = centroids[p][codes[p]][c]
//   row[j] = sum over i, ascending, of turned[i] * projection[j][i]
class ProductQuantizer {
 public:
  // `centroids` are [parts][count][dim / parts], `projection` is [dim][dim] or empty.
  ProductQuantizer(size_t dim, size_t parts, std::vector<float> centroids, std::vector<float> projection);

  // Writes the `dim` values of a row. The first code that no centroid has, if there is one: then nothing is written.
  std::optional<size_t> decode(const uint8_t* codes, float* row);

 private:
  size_t dim_;
  size_t parts_;
  size_t count_;
  std::vector<float> centroids_;
  std::vector<float> columns_;  // the projection transposed: what value i adds to each of the row
  std::vector<float> turned_;
};

}  // namespace windrow::tools
