#include "formats/product_quantizer.h"

#include <algorithm>
#include <utility>

namespace windrow::tools {

ProductQuantizer::ProductQuantizer(size_t dim, size_t parts, std::vector<float> centroids,
                                   std::vector<float> projection)
    : dim_(dim),
      parts_(parts),
      count_(centroids.size() / dim),
      centroids_(std::move(centroids)),
      turned_(dim) {
  columns_.resize(projection.size());
  for (size_t j = 0; !projection.empty() && j < dim; ++j) {
    for (size_t i = 0; i < dim; ++i) columns_[i * dim + j] = projection[j * dim + i];
  }
}

std::optional<size_t> ProductQuantizer::decode(const uint8_t* codes, float* row) {
  const auto wrong = std::find_if(codes, codes + parts_, [&](uint8_t code) { return code >= count_; });
  if (wrong != codes + parts_) return static_cast<size_t>(wrong - codes);
  const size_t part = dim_ / parts_;
  float* const turned = columns_.empty() ? row : turned_.data();
  for (size_t p = 0; p < parts_; ++p) {
    std::copy_n(centroids_.data() + (p * count_ + codes[p]) * part, part, turned + p * part);
  }
  if (columns_.empty()) return std::nullopt;
  std::fill_n(row, dim_, 0.0f);
  for (size_t i = 0; i < dim_; ++i) {
    const float* const column = columns_.data() + i * dim_;
    for (size_t j = 0; j < dim_; ++j) row[j] += turned[i] * column[j];
  }
  return std::nullopt;
}

}  // namespace windrow::tools
