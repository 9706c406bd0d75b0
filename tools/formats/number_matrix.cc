#include "formats/number_matrix.h"

#include <algorithm>

namespace windrow::tools {

namespace {

// Values of a tile of a matrix that is stored by columns, and its rows unless they are too long for as many. A column's
// part of a tile is read at once, so that few rows would mean many small reads.
constexpr size_t kTileValues = size_t{1} << 22;
constexpr size_t kTileRows = 64;

// In the order of the file: rows.
class RowOrder : public RowReader {
 public:
  RowOrder(std::unique_ptr<ByteSource> file, const NumberMatrix& matrix, std::vector<std::string> remarks)
      : file_(std::move(file)), matrix_(matrix), remarks_(std::move(remarks)) {
    header_ = {.dim = matrix.columns, .rows = matrix.rows, .stored_as = matrix.stored_as};
    if (matrix.values.remark) remarks_.emplace_back(matrix.values.remark);
  }

  const SourceHeader& header() const override { return header_; }

  ReaderFindings findings() const override {
    ReaderFindings findings;
    findings.remarks = remarks_;
    return findings;
  }

  Result<void> next(RowBlock& block) override {
    block.clear(header_.dim);
    block.rows = static_cast<size_t>(std::min<uint64_t>(rows_at_once(), *header_.rows - row_));
    if (block.rows == 0) return {};
    block.values.resize(block.rows * block.dim);
    if (auto read = read_rows(block); !read) return read;
    row_ += block.rows;
    return {};
  }

 protected:
  virtual size_t rows_at_once() const { return rows_per_block(header_.dim); }

  virtual Result<void> read_rows(RowBlock& block) {
    return read_values(row_ * block.dim, block.values.size(), block.values.data());
  }

  // `count` values that stand one after the other in the file, from number `first` on.
  Result<void> read_values(uint64_t first, size_t count, float* values) {
    bytes_.resize(count * matrix_.item_bytes);
    if (auto read = file_->read(matrix_.begin + first * matrix_.item_bytes, bytes_); !read) return read;
    matrix_.values.decode(bytes_.data(), count, values);
    return {};
  }

  SourceHeader header_;
  uint64_t row_ = 0;

 private:
  std::unique_ptr<ByteSource> file_;
  NumberMatrix matrix_;
  std::vector<std::string> remarks_;
  std::vector<uint8_t> bytes_;
};

// A few rows of all columns at a time.
class ColumnOrder : public RowOrder {
 public:
  using RowOrder::RowOrder;

 protected:
  size_t rows_at_once() const override {
    const size_t dim = header_.dim;
    return std::max({rows_per_block(dim), std::min(kTileRows, kTileValues / dim), size_t{1}});
  }

  Result<void> read_rows(RowBlock& block) override {
    column_.resize(block.rows);
    for (size_t c = 0; c < block.dim; ++c) {
      if (auto read = read_values(c * *header_.rows + row_, block.rows, column_.data()); !read) return read;
      for (size_t r = 0; r < block.rows; ++r) block.values[r * block.dim + c] = column_[r];
    }
    return {};
  }

 private:
  std::vector<float> column_;
};

}  // namespace

std::unique_ptr<RowReader> read_number_matrix(std::unique_ptr<ByteSource> file, const NumberMatrix& matrix,
                                              std::vector<std::string> remarks) {
  if (matrix.by_columns) return std::make_unique<ColumnOrder>(std::move(file), matrix, std::move(remarks));
  return std::make_unique<RowOrder>(std::move(file), matrix, std::move(remarks));
}

}  // namespace windrow::tools
