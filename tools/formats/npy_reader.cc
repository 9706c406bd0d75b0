#include "formats/npy_reader.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/fail.h"
#include "formats/npy_values.h"

namespace windrow::tools {

namespace {

// Values of a tile of an array that is stored by columns, and its rows unless they are too long for as many. A column's
// part of a tile is read at once, so that few rows would mean many small reads.
constexpr size_t kTileValues = size_t{1} << 22;
constexpr size_t kTileRows = 64;

// In the order of the file: rows.
class NpyRows : public RowReader {
 public:
  NpyRows(std::unique_ptr<ByteSource> file, const npy::Header& npy, const NpyValues& values)
      : file_(std::move(file)), npy_(npy), stored_(values) {
    header_ = {.dim = static_cast<size_t>(npy.shape[1]), .rows = npy.shape[0], .stored_as = npy.descr};
  }

  const SourceHeader& header() const override { return header_; }

  ReaderFindings findings() const override {
    ReaderFindings findings;
    findings.remarks = remarks_on_npy(npy_, file_->size());
    if (stored_.remark) findings.remarks.emplace_back(stored_.remark);
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
    bytes_.resize(count * npy_.item_bytes);
    if (auto read = file_->read(npy_.data_begin + first * npy_.item_bytes, bytes_); !read) return read;
    stored_.decode(bytes_.data(), count, values);
    return {};
  }

  std::unique_ptr<ByteSource> file_;
  npy::Header npy_;
  NpyValues stored_;
  SourceHeader header_;
  uint64_t row_ = 0;
  std::vector<uint8_t> bytes_;
};

// Stored by columns (Fortran order): a few rows of all columns at a time.
class NpyColumns : public NpyRows {
 public:
  using NpyRows::NpyRows;

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

std::string shape_text(const std::vector<uint64_t>& shape) {
  std::string text;
  for (const uint64_t extent : shape) text += concat(text.empty() ? "" : ", ", extent);
  return concat("(", text, shape.size() == 1 ? ",)" : ")");
}

}  // namespace

Result<npy::Header> read_npy_header(ByteReader& bytes) {
  const auto in_file = [&](const Error& error) {
    return fail(error.code, bytes.name(), ": ", error.message);
  };
  const auto start = bytes.peek(12);
  if (!start) return tl::make_unexpected(start.error());
  const auto length = npy::header_bytes(bytes_of(*start), bytes.size());
  if (!length) return in_file(length.error());
  const auto text = bytes.peek(static_cast<size_t>(*length));
  if (!text) return tl::make_unexpected(text.error());
  auto header = npy::parse(bytes_of(*text), bytes.size());
  if (!header) return in_file(header.error());
  return header;
}

Result<std::unique_ptr<RowReader>> read_npy(std::unique_ptr<ByteSource> file, const npy::Header& header) {
  if (header.shape.size() != 2 || header.shape[1] == 0 || header.shape[1] >= uint64_t{1} << 31) {
    return fail(ErrorCode::kUnsupported, file->name(), ": an array of shape ", shape_text(header.shape),
                "; a table has two dimensions, rows and columns, with at least one column");
  }
  const NpyValues* values = npy_values(header.descr);
  if (!values) {
    return fail(ErrorCode::kUnsupported, file->name(), ": values of type ", header.descr,
                " are bytes that could be anything");
  }
  if (header.c_order()) return std::make_unique<NpyRows>(std::move(file), header, *values);
  return std::make_unique<NpyColumns>(std::move(file), header, *values);
}

std::vector<std::string> remarks_on_npy(const npy::Header& header, uint64_t file_bytes) {
  const uint64_t behind = file_bytes - header.data_begin - header.data_bytes;
  if (behind == 0) return {};
  return {concat(behind, " bytes behind the array were ignored (several arrays in one file?)")};
}

}  // namespace windrow::tools
