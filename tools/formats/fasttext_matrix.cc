#include "formats/fasttext_matrix.h"

#include <algorithm>

namespace windrow::tools {

namespace {

constexpr uint64_t kCentroids = 256;

}  // namespace

FasttextMatrix::Quantiser FasttextMatrix::Quantiser::take(FasttextFields& fields, uint64_t dim) {
  const auto stored_dim = fields.take<int32_t>("a product quantiser");
  const auto pieces = fields.take<int32_t>("a product quantiser");
  const auto piece = fields.take<int32_t>("a product quantiser");
  const auto last_piece = fields.take<int32_t>("a product quantiser");
  if (fields.failed()) return {};
  if (stored_dim < 1 || static_cast<uint64_t>(stored_dim) != dim || pieces < 1 || piece < 1 ||
      last_piece < 1 || last_piece > piece || int64_t{pieces - 1} * piece + last_piece != stored_dim) {
    fields.refuse("a product quantiser of ", pieces, " times ", piece, " values, the last ", last_piece,
                  ", does not fit rows of ", dim);
    return {};
  }
  Quantiser quantiser{static_cast<size_t>(dim),
                      static_cast<size_t>(pieces),
                      static_cast<size_t>(piece),
                      static_cast<size_t>(last_piece),
                      {}};
  quantiser.centroids = fields.take_floats(dim * kCentroids, "the centroids of a product quantiser");
  return quantiser;
}

void FasttextMatrix::Quantiser::decode(const uint8_t* codes, float norm, float* values) const {
  for (size_t p = 0; p < pieces; ++p) {
    const size_t size = p + 1 == pieces ? last_piece : piece;
    const float* centroid = centroids.data() + p * kCentroids * piece + codes[p] * size;
    for (size_t i = 0; i < size; ++i) *values++ = norm * centroid[i];
  }
}

FasttextMatrix FasttextMatrix::take(FasttextFields& fields, bool quantised) {
  FasttextMatrix matrix;
  matrix.source_ = fields.source();
  matrix.quantised_ = quantised;
  if (quantised) matrix.has_norms_ = fields.take<uint8_t>("a matrix") != 0;
  const auto rows = fields.take<int64_t>("a matrix");
  const auto dim = fields.take<int64_t>("a matrix");
  if (rows < 0 || dim < 0) fields.refuse("a matrix of ", rows, " x ", dim, " values");
  if (fields.failed()) return matrix;
  matrix.rows_ = static_cast<uint64_t>(rows);
  matrix.dim_ = static_cast<uint64_t>(dim);
  if (!quantised) {
    const auto row_bytes = checked_mul(matrix.dim_, sizeof(float));
    if (!row_bytes) fields.refuse("a matrix of ", rows, " x ", dim, " values");
    matrix.begin_ = fields.skip(matrix.rows_, row_bytes.value_or(0), "the rows of a matrix");
    return matrix;
  }
  const auto code_bytes = fields.take<int32_t>("the size of the codes");
  if (code_bytes < 0) fields.refuse(code_bytes, " bytes of codes");
  matrix.begin_ = fields.skip(static_cast<uint64_t>(code_bytes), 1, "the codes of a matrix");
  matrix.quantiser_ = Quantiser::take(fields, matrix.dim_);
  if (!fields.failed() &&
      checked_mul(matrix.rows_, matrix.quantiser_.pieces) != static_cast<uint64_t>(code_bytes)) {
    fields.refuse("the codes of ", rows, " rows of ", matrix.quantiser_.pieces,
                  " bytes should take other than ", code_bytes, " bytes");
  }
  if (matrix.has_norms_) {
    matrix.norms_begin_ = fields.skip(matrix.rows_, 1, "the lengths of the rows of a matrix");
    matrix.norm_quantiser_ = Quantiser::take(fields, 1);
  }
  return matrix;
}

Result<void> FasttextMatrix::read(uint64_t first, size_t count, float* values) const {
  if (!quantised_) {
    const size_t row_bytes = static_cast<size_t>(dim_) * sizeof(float);
    return source_->read(begin_ + first * row_bytes, {reinterpret_cast<uint8_t*>(values), count * row_bytes});
  }
  const size_t pieces = quantiser_.pieces;
  std::vector<uint8_t> codes(count * pieces), norms(has_norms_ ? count : 0);
  if (auto read = source_->read(begin_ + first * pieces, codes); !read) return read;
  if (has_norms_) {
    if (auto read = source_->read(norms_begin_ + first, norms); !read) return read;
  }
  for (size_t i = 0; i < count; ++i) {
    float norm = 1;
    if (has_norms_) norm_quantiser_.decode(&norms[i], 1, &norm);
    quantiser_.decode(&codes[i * pieces], norm, values + i * dim_);
  }
  return {};
}

}  // namespace windrow::tools
