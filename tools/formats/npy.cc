#include "format/npy.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/bytes.h"
#include "base/fail.h"
#include "formats/byte_reader.h"
#include "formats/formats.h"
#include "formats/header_last_file.h"
#include "kernels/rows.h"

namespace windrow::tools {

namespace {

// Turns `count` stored values into floats: those that cannot be read in place. float64 is rounded to the nearest.
using Decode = void (*)(const uint8_t* stored, size_t count, float* values);

void decode_f4_big(const uint8_t* stored, size_t count, float* values) {
  for (size_t i = 0; i < count; ++i)
    values[i] = std::bit_cast<float>(__builtin_bswap32(load<uint32_t>(stored + 4 * i)));
}
void decode_f8(const uint8_t* stored, size_t count, float* values) {
  for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(load<double>(stored + 8 * i));
}
void decode_f8_big(const uint8_t* stored, size_t count, float* values) {
  for (size_t i = 0; i < count; ++i) {
    values[i] = static_cast<float>(std::bit_cast<double>(__builtin_bswap64(load<uint64_t>(stored + 8 * i))));
  }
}

void decode_f2_big(const uint8_t* stored, size_t count, float* values) {
  if (count == 0) return;
  std::vector<uint16_t> swapped(count);
  for (size_t i = 0; i < count; ++i) swapped[i] = __builtin_bswap16(load<uint16_t>(stored + 2 * i));
  const RowFormat format = RowFormat::f16(static_cast<int64_t>(count));
  const uint8_t* const row = bytes_of(swapped).data();
  kernels::decode_rows(format)(format, {&row, nullptr, 1, 0}, values, count);
}

// Null for what Table::open reads, or refuses.
Decode decoder_of(const std::string& descr) {
  if (descr == ">f2") return decode_f2_big;
  if (descr == ">f4") return decode_f4_big;
  if (descr == "<f8") return decode_f8;
  if (descr == ">f8") return decode_f8_big;
  return nullptr;
}

std::vector<std::string> remarks_on(uint64_t bytes_behind) {
  if (bytes_behind == 0) return {};
  return {concat(bytes_behind, " bytes behind the array were ignored (several arrays in one file?)")};
}

class NpyReader : public RowReader {
 public:
  NpyReader(ByteReader bytes, const npy::Header& npy, Decode decode)
      : bytes_(std::move(bytes)),
        decode_(decode),
        descr_(npy.descr),
        item_bytes_(npy.item_bytes),
        bytes_behind_(bytes_.size() - npy.data_begin - npy.data_bytes) {
    header_ = {.dim = static_cast<size_t>(npy.shape[1]), .rows = npy.shape[0], .stored_as = npy.descr};
  }

  const SourceHeader& header() const override { return header_; }

  Result<void> next(RowBlock& block) override {
    block.clear(header_.dim);
    const auto rows = std::min<uint64_t>(rows_per_block(header_.dim), *header_.rows - row_);
    const auto stored = bytes_.peek(static_cast<size_t>(rows * header_.dim * item_bytes_));
    if (!stored) return tl::make_unexpected(stored.error());
    block.rows = static_cast<size_t>(rows);
    block.values.resize(block.rows * header_.dim);
    decode_(bytes_of(*stored).data(), block.values.size(), block.values.data());
    bytes_.skip(stored->size());
    row_ += rows;
    return {};
  }

  ReaderFindings findings() const override {
    ReaderFindings findings;
    findings.remarks = remarks_on(bytes_behind_);
    if (item_bytes_ == sizeof(double))
      findings.remarks.push_back("values were rounded from float64 to float32");
    return findings;
  }

 private:
  ByteReader bytes_;
  Decode decode_;
  std::string descr_;
  uint64_t item_bytes_;
  uint64_t bytes_behind_;
  SourceHeader header_;
  uint64_t row_ = 0;
};

std::string header_text(uint64_t rows, size_t dim) {
  const uint64_t shape[] = {rows, dim};
  const std::vector<uint8_t> header = npy::header_for("<f4", shape);
  return std::string(header.begin(), header.end());
}

// A header leaves room for any number of rows, as numpy's own does, so it can be written last.
class NpyWriter : public RowWriter {
 public:
  NpyWriter(HeaderLastFile output, size_t dim) : output_(std::move(output)), dim_(dim) {}

  Result<void> write(const RowBlock& block) override {
    rows_ += block.rows;
    return output_.append(
        {reinterpret_cast<const char*>(block.values.data()), block.values.size() * sizeof(float)});
  }

  Result<void> finish() override { return output_.finish(header_text(rows_, dim_)); }

 private:
  HeaderLastFile output_;
  size_t dim_;
  uint64_t rows_ = 0;
};

bool recognises(const FileStart& start) {
  return start.bytes.starts_with("\x93NUMPY");
}

Result<std::unique_ptr<RowReader>> open(const Source& source) {
  const std::string& path = source.path();
  if (!source.table.more.empty()) return open_table_reader(source);
  auto file = open_bytes(path);
  if (!file) return pass(file);
  ByteReader bytes(std::move(*file));
  const auto start = bytes.peek(12);
  if (!start) return tl::make_unexpected(start.error());
  const auto in_file = [&](const Error& error) { return fail(error.code, path, ": ", error.message); };
  const auto header_bytes = npy::header_bytes(bytes_of(*start), bytes.size());
  if (!header_bytes) return in_file(header_bytes.error());
  const auto text = bytes.peek(static_cast<size_t>(*header_bytes));
  if (!text) return tl::make_unexpected(text.error());
  const auto header = npy::parse(bytes_of(*text), bytes.size());
  if (!header) return in_file(header.error());

  const Decode decode = decoder_of(header->descr);
  if (!decode) {
    auto table = open_table(source.table);
    if (!table) return pass(table);
    return read_table(std::move(*table), remarks_on(bytes.size() - header->data_begin - header->data_bytes));
  }
  if (header->shape.size() != 2 || header->shape[1] == 0) {
    return fail(ErrorCode::kUnsupported, path, ": an array of ", header->shape.size(),
                " dimensions; a table is one of 2, rows x dim, with dim above 0");
  }
  if (!header->c_order()) {
    return fail(
        ErrorCode::kUnsupported, path,
        ": the array is stored by columns (Fortran order); save numpy.ascontiguousarray(array) instead");
  }
  bytes.skip(static_cast<size_t>(header->data_begin));
  return std::make_unique<NpyReader>(std::move(bytes), *header, decode);
}

Result<std::unique_ptr<RowWriter>> create(const std::string& path, const WriterSpec& spec) {
  auto output = HeaderLastFile::create(path, header_text(spec.max_rows, spec.dim));
  if (!output) return pass(output);
  return std::make_unique<NpyWriter>(std::move(*output), spec.dim);
}

constexpr std::string_view kSuffixes[] = {".npy"};

}  // namespace

const Format kNpy = {
    .name = "npy",
    .about = "numpy's arrays: values only",
    .suffixes = kSuffixes,
    .opens_tables = true,
    .recognises = recognises,
    .open = open,
    .create = create,
};

}  // namespace windrow::tools
