#include "formats/raw_matrix.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/fail.h"
#include "formats/formats.h"
#include "kernels/rows.h"

namespace windrow::tools {

namespace {

using Type = RawMatrix::Type;

size_t value_bytes(Type type) {
  switch (type) {
    case Type::kF64:
      return 8;
    case Type::kF32:
      return 4;
    case Type::kF16:
    case Type::kBf16:
      return 2;
    case Type::kI8:
    case Type::kU8:
      break;
  }
  return 1;
}

const char* type_name(Type type) {
  constexpr const char* kNames[] = {"f32", "f64", "f16", "bf16", "i8", "u8"};
  return kNames[static_cast<size_t>(type)];
}

template <class Number>
void widen(const uint8_t* stored, size_t count, float* values) {
  for (size_t i = 0; i < count; ++i)
    values[i] = static_cast<float>(load<Number>(stored + sizeof(Number) * i));
}

void decode(Type type, const uint8_t* stored, size_t count, float* values) {
  const auto length = static_cast<int64_t>(count);
  switch (type) {
    case Type::kF32:
      return widen<float>(stored, count, values);
    case Type::kF64:
      return widen<double>(stored, count, values);
    case Type::kI8:
      return widen<int8_t>(stored, count, values);
    case Type::kU8:
      return widen<uint8_t>(stored, count, values);
    case Type::kF16:
    case Type::kBf16:
      break;
  }
  const RowFormat format = type == Type::kF16 ? RowFormat::f16(length) : RowFormat::bf16(length);
  kernels::decode_rows(format)(format, {&stored, nullptr, 1, 0}, values, count);
}

class RawMatrixReader : public RowReader {
 public:
  RawMatrixReader(ByteReader bytes, const RawMatrix& matrix, uint64_t rows)
      : bytes_(std::move(bytes)), type_(matrix.type), expected_(matrix.rows.value_or(rows)) {
    header_ = {.dim = static_cast<size_t>(matrix.dim), .rows = rows, .stored_as = type_name(type_)};
  }

  const SourceHeader& header() const override { return header_; }
  ReaderFindings findings() const override {
    ReaderFindings findings;
    if (type_ == Type::kF64) findings.remarks.push_back("values were rounded from float64 to float32");
    if (*header_.rows < expected_) {
      findings.remarks.push_back(
          concat(expected_, " rows should follow, the file holds ", *header_.rows, ", which were taken"));
    }
    if (row_ == *header_.rows && bytes_.left() > 0)
      findings.remarks.push_back(concat(bytes_.left(), " bytes behind the last row were left out"));
    return findings;
  }

  Result<void> next(RowBlock& block) override {
    block.clear(header_.dim);
    block.rows = static_cast<size_t>(std::min<uint64_t>(rows_per_block(header_.dim), *header_.rows - row_));
    if (block.rows == 0) return {};
    const size_t row_bytes = header_.dim * value_bytes(type_);
    const uint64_t begin = bytes_.position();
    const auto stored = bytes_.peek(block.rows * row_bytes);
    if (!stored) return tl::make_unexpected(stored.error());
    block.values.resize(block.rows * header_.dim);
    decode(type_, bytes_of(*stored).data(), block.values.size(), block.values.data());
    for (size_t i = 0; i < block.rows; ++i) block.begins.push_back(begin + i * row_bytes);
    bytes_.skip(stored->size());
    row_ += block.rows;
    return {};
  }

 private:
  ByteReader bytes_;
  Type type_;
  uint64_t expected_;  // rows
  SourceHeader header_;
  uint64_t row_ = 0;
};

Result<std::unique_ptr<RowReader>> open(const Source& source) {
  auto bytes = open_bytes(source.path());
  if (!bytes) return pass(bytes);
  return read_raw_matrix(std::move(*bytes), source);
}

}  // namespace

Result<std::unique_ptr<RowReader>> read_raw_matrix(std::unique_ptr<ByteSource> file, const Source& source) {
  const std::string name = file->name();
  if (!source.raw) {
    return fail(
        ErrorCode::kInvalidArgument, name,
        ": a file without a header says nothing of itself: give --shape ROWSxDIM (or DIM), and --type");
  }
  const RawMatrix& matrix = *source.raw;
  const auto row_bytes = checked_mul(matrix.dim, value_bytes(matrix.type));
  if (!row_bytes || matrix.offset_bytes > file->size()) {
    return fail(ErrorCode::kFormat, name, ": the file of ", file->size(), " bytes ends before byte ",
                matrix.offset_bytes, ", where the first row should begin");
  }
  const uint64_t bytes = file->size() - matrix.offset_bytes, whole = bytes / *row_bytes;
  const auto refuse = [&](const auto&... parts) {
    return fail(ErrorCode::kFormat, name, ": byte ", matrix.offset_bytes, ": ", parts..., " (rows of ",
                matrix.dim, " values of ", type_name(matrix.type), "); --lenient takes what is there");
  };
  if (!source.lenient && matrix.rows && (*matrix.rows != whole || bytes % *row_bytes != 0)) {
    return refuse(*matrix.rows, " rows should follow, and there are ", bytes, " bytes, for ", whole,
                  " rows and ", bytes % *row_bytes, " bytes");
  }
  if (!source.lenient && bytes % *row_bytes != 0)
    return refuse(bytes, " bytes are ", whole, " rows and ", bytes % *row_bytes, " bytes");
  ByteReader reader(std::move(file), 4 << 20);
  for (uint64_t left = matrix.offset_bytes; left > 0;) {
    const auto passed = reader.peek(static_cast<size_t>(std::min<uint64_t>(left, 1 << 20)));
    if (!passed) return tl::make_unexpected(passed.error());
    reader.skip(passed->size());
    left -= passed->size();
  }
  return std::make_unique<RawMatrixReader>(std::move(reader), matrix,
                                           std::min(whole, matrix.rows.value_or(whole)));
}

constexpr std::string_view kOptions[] = {"--shape", "--type", "--offset"};

const Format kRaw = {
    .name = "raw",
    .about = "a little-endian matrix without a header, with --from raw --shape",
    .options = kOptions,
    .open = open,
};

}  // namespace windrow::tools
