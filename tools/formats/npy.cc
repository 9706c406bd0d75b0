#include "format/npy.h"

#include "base/fail.h"
#include "formats/byte_reader.h"
#include "formats/formats.h"
#include "formats/header_last_file.h"
#include "formats/npy_reader.h"
#include "formats/number_values.h"

namespace windrow::tools {

namespace {

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

// Whether the user says more of the array than numpy knows.
bool is_described(const OpenOptions& open) {
  return open.row_format || open.dim != 0 || open.unscaled || open.scale_columns != 0 ||
         !open.tensor.empty() || !open.scale_tensor.empty();
}

Result<std::unique_ptr<RowReader>> open(const Source& source) {
  if (!source.table.more.empty()) return open_table_reader(source);
  auto file = open_bytes(source.path());
  if (!file) return pass(file);
  ByteReader bytes(std::move(*file));
  const auto header = read_npy_header(bytes);
  if (!header) return tl::make_unexpected(header.error());
  const bool in_place = (header->descr == "<f4" || header->descr == "<f2") && header->c_order();
  if (in_place || is_described(source.table.open) || !number_values(header->descr)) {
    auto table = open_table(source.table);
    if (!table) return pass(table);
    return read_table(std::move(*table), remarks_on_npy(*header, bytes.size()));
  }
  return read_npy(bytes.release(), *header);
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
