#include "formats/glove_bin.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/fail.h"
#include "formats/byte_section.h"
#include "formats/formats.h"

namespace windrow::tools {

namespace {

class GloveBinReader : public RowReader {
 public:
  GloveBinReader(const std::shared_ptr<const ByteSource>& file, size_t dim, uint64_t rows, GloveVectors part)
      : words_(read_section(file, 0, file->size() / 2)),
        contexts_(read_section(file, file->size() / 2, file->size())),
        part_(part) {
    header_ = {.dim = dim, .rows = rows, .stored_as = "f64"};
  }

  const SourceHeader& header() const override { return header_; }
  ReaderFindings findings() const override {
    ReaderFindings findings;
    findings.remarks = {"values were rounded from float64 to float32; biases were left out"};
    return findings;
  }

  Result<void> next(RowBlock& block) override {
    block.clear(header_.dim);
    const size_t row_bytes = (header_.dim + 1) * sizeof(double);
    const auto rows =
        static_cast<size_t>(std::min<uint64_t>(rows_per_block(header_.dim), *header_.rows - row_));
    const auto words = words_.peek(rows * row_bytes);
    if (!words) return tl::make_unexpected(words.error());
    const auto contexts = contexts_.peek(rows * row_bytes);
    if (!contexts) return tl::make_unexpected(contexts.error());
    for (size_t r = 0; r < rows; ++r) {
      block.begins.push_back(words_.position() + r * row_bytes);
      add_up(bytes_of(*words).data() + r * row_bytes, bytes_of(*contexts).data() + r * row_bytes,
             block.add_row());
    }
    words_.skip(words->size());
    contexts_.skip(contexts->size());
    row_ += rows;
    return {};
  }

 private:
  void add_up(const uint8_t* word, const uint8_t* context, float* row) const {
    for (size_t c = 0; c < header_.dim; ++c) {
      const double of_word = part_ == GloveVectors::kContext ? 0 : load<double>(word + 8 * c);
      const double of_context = part_ == GloveVectors::kWord ? 0 : load<double>(context + 8 * c);
      row[c] = static_cast<float>(of_word + of_context);
    }
  }

  ByteReader words_, contexts_;
  GloveVectors part_;
  SourceHeader header_;
  uint64_t row_ = 0;
};

Result<std::unique_ptr<RowReader>> open(const Source& source) {
  auto bytes = open_bytes(source.path());
  if (!bytes) return pass(bytes);
  return read_glove_bin(std::move(*bytes), source);
}

}  // namespace

Result<std::unique_ptr<RowReader>> read_glove_bin(std::unique_ptr<ByteSource> file, const Source& source) {
  if (!source.raw) {
    return fail(ErrorCode::kInvalidArgument, file->name(),
                ": GloVe's binary file does not say how long vectors are: give --shape DIM");
  }
  const uint64_t pair_bytes = 2 * (source.raw->dim + 1) * sizeof(double);  // dim is below 2^31
  const uint64_t rows = file->size() / pair_bytes;
  if (file->size() % pair_bytes != 0 || source.raw->rows.value_or(rows) != rows) {
    return fail(ErrorCode::kFormat, file->name(), ": ", file->size(), " bytes are not those of ",
                source.raw->rows ? concat(*source.raw->rows, " ") : "", "words of dim ", source.raw->dim,
                ", which take ", pair_bytes, " each; is the dim another?");
  }
  return std::make_unique<GloveBinReader>(std::shared_ptr<const ByteSource>(std::move(file)),
                                          static_cast<size_t>(source.raw->dim), rows,
                                          source.part.value_or(GloveVectors::kSum));
}

constexpr std::string_view kOptions[] = {"--shape", "--part"};

const Format kGloveBin = {
    .name = "glove-bin",
    .about = "GloVe's binary, with --from glove-bin --shape DIM --vocabulary FILE",
    .options = kOptions,
    .open = open,
};

}  // namespace windrow::tools
