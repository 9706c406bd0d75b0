#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "formats/fasttext_fields.h"

namespace windrow::tools {

// A matrix of a fastText model: floats, or the codes of a product quantiser.
// https://github.com/facebookresearch/fastText: src/densematrix.cc, quantmatrix.cc, productquantizer.cc
class FasttextMatrix {
 public:
  // Takes the fields of a matrix; its values are passed over.
  static FasttextMatrix take(FasttextFields& fields, bool quantised);

  uint64_t rows() const { return rows_; }
  uint64_t dim() const { return dim_; }
  bool quantised() const { return quantised_; }
  // Where a row begins; nothing where it is coded.
  std::optional<uint64_t> begin_of(uint64_t row) const {
    return quantised_ ? std::nullopt : std::optional<uint64_t>(begin_ + row * dim_ * sizeof(float));
  }

  // Rows [first, first + count), which the matrix has, as floats.
  Result<void> read(uint64_t first, size_t count, float* values) const;

 private:
  // 256 centroids for each piece of a row: all of `piece` values, but for the last.
  struct Quantiser {
    size_t dim = 0;
    size_t pieces = 0;
    size_t piece = 0;
    size_t last_piece = 0;
    std::vector<float> centroids;

    static Quantiser take(FasttextFields& fields, uint64_t dim);
    void decode(const uint8_t* codes, float norm, float* values) const;
  };

  std::shared_ptr<const ByteSource> source_;
  uint64_t rows_ = 0;
  uint64_t dim_ = 0;
  uint64_t begin_ = 0;  // of the values, or the codes
  bool quantised_ = false;
  Quantiser quantiser_;
  // Rows whose lengths are coded apart.
  bool has_norms_ = false;
  uint64_t norms_begin_ = 0;
  Quantiser norm_quantiser_;
};

}  // namespace windrow::tools
