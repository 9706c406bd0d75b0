#include "formats/finalfusion.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/bytes.h"
#include "base/fail.h"
#include "formats/byte_section.h"
#include "formats/finalfusion_chunks.h"
#include "formats/formats.h"
#include "formats/product_quantizer.h"

namespace windrow::tools {

namespace {

constexpr uint64_t kMaxWordBytes = 64 * 1024;
constexpr uint64_t kMaxQuantizerBytes = uint64_t{256}
                                        << 20;  // that are kept: far more than rows of any use need

using Whole = std::shared_ptr<const ByteSource>;

ByteReader read_range(const Whole& file, const ByteRange& range) {
  return read_section(file, range.begin, range.end);
}

Result<std::vector<float>> read_floats(const ByteSource& file, const ByteRange& range) {
  std::vector<float> values(static_cast<size_t>(range.size() / sizeof(float)));
  const std::span<uint8_t> room(reinterpret_cast<uint8_t*>(values.data()), values.size() * sizeof(float));
  if (auto read = file.read(range.begin, room); !read) return pass(read);
  return values;
}

// A float for each row, one after another.
class Norms {
 public:
  Norms(ByteReader bytes, uint64_t count) : bytes_(std::move(bytes)), left_(count) {}

  // Multiplies the next rows by theirs; those behind the last norm stay as they are.
  Result<void> scale(RowBlock& block) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(block.rows, left_));
    const auto stored = bytes_.peek(count * sizeof(float));
    if (!stored) return tl::make_unexpected(stored.error());
    for (size_t i = 0; i < count; ++i) {
      const float norm = load<float>(bytes_of(*stored).data() + i * sizeof(float));
      for (size_t c = 0; c < block.dim; ++c) block.row(i)[c] *= norm;
    }
    bytes_.skip(stored->size());
    left_ -= count;
    return {};
  }

 private:
  ByteReader bytes_;
  uint64_t left_;
};

std::vector<std::string> remarks_on(const FinalfusionFile& file, const Source& source) {
  std::vector<std::string> remarks;
  const bool by_ngrams = file.vocabulary == Chunk::kBucketVocab || file.vocabulary == Chunk::kExplicitVocab;
  if (by_ngrams && !source.words_only && file.rows > file.word_count) {
    remarks.push_back(concat("rows from ", file.word_count,
                             " on are those of n-grams, which a table cannot find: the ", "file ",
                             file.vocabulary == Chunk::kBucketVocab ? "hashes" : "lists",
                             " them in a way of its own; --words-only leaves them out"));
  }
  if (file.norms && !source.restore_norms) {
    remarks.push_back(concat("the norms of ", file.norm_count,
                             " rows were left behind: rows are as long as they are stored, usually 1 "
                             "(--restore-norms)"));
  }
  if (file.metadata_bytes > 0) {
    remarks.push_back(
        concat("the metadata of the source was left behind: ", file.metadata_bytes, " bytes of TOML"));
  }
  return remarks;
}

class FinalfusionReader : public RowReader {
 public:
  FinalfusionReader(const Whole& whole, const FinalfusionFile& file, const Source& source,
                    std::optional<ProductQuantizer> quantizer)
      : file_(file),
        words_(read_range(whole, file.words)),
        rows_(read_range(whole, file.values)),
        quantizer_(std::move(quantizer)),
        remarks_(remarks_on(file, source)) {
    if (quantizer_ && file.quantizer->norms.size() > 0)
      norms_.emplace_back(read_range(whole, file.quantizer->norms), file.rows);
    if (file.norms && source.restore_norms)
      norms_.emplace_back(read_range(whole, *file.norms), file.norm_count);
    header_ = {.dim = static_cast<size_t>(file.dim),
               .rows = source.words_only ? file.word_count : file.rows,
               .has_tokens = file.word_count > 0,
               .stored_as = quantizer_ ? "pq" : "f32",
               .subwords = source.words_only ? std::nullopt : file.subwords};
    row_bytes_ = static_cast<size_t>(quantizer_ ? file.quantizer->code_bytes : file.dim * sizeof(float));
  }

  const SourceHeader& header() const override { return header_; }
  ReaderFindings findings() const override {
    ReaderFindings findings;
    findings.remarks = remarks_;
    return findings;
  }

  Result<void> next(RowBlock& block) override {
    block.clear(header_.dim);
    uint64_t count = std::min<uint64_t>(rows_per_block(header_.dim), *header_.rows - row_);
    if (row_ < file_.word_count) count = std::min(count, file_.word_count - row_);
    if (count == 0) return check_end();
    const auto stored = rows_.peek(static_cast<size_t>(count) * row_bytes_);
    if (!stored) return tl::make_unexpected(stored.error());
    block.rows = static_cast<size_t>(count);
    block.values.resize(block.rows * block.dim);
    if (auto decoded = decode(bytes_of(*stored).data(), block); !decoded) return decoded;
    for (size_t i = 0; i < block.rows; ++i)
      block.begins.push_back(file_.values.begin + (row_ + i) * row_bytes_);
    rows_.skip(stored->size());
    for (Norms& norms : norms_) {
      if (auto scaled = norms.scale(block); !scaled) return scaled;
    }
    for (uint64_t i = 0; row_ < file_.word_count && i < count; ++i) {
      const auto word = read_word();
      if (!word) return tl::make_unexpected(word.error());
      block.add_token(*word);
      words_.skip(word->size());
    }
    row_ += count;
    return {};
  }

 private:
  template <class... Parts>
  tl::unexpected<Error> wrong(uint64_t byte, const Parts&... parts) const {
    return fail(ErrorCode::kFormat, words_.name(), ": byte ", byte, ": ", parts...);
  }

  Result<void> decode(const uint8_t* stored, RowBlock& block) {
    if (!quantizer_) {
      std::memcpy(block.values.data(), stored, block.values.size() * sizeof(float));
      return {};
    }
    for (size_t i = 0; i < block.rows; ++i) {
      const uint8_t* const codes = stored + i * row_bytes_;
      if (const auto bad = quantizer_->decode(codes, block.row(i))) {
        return wrong(file_.values.begin + (row_ + i) * row_bytes_ + *bad, "row ", row_ + i, " has the code ",
                     codes[*bad], ", but there are ", file_.quantizer->centroids, " centroids");
      }
    }
    return {};
  }

  // The next word or n-gram, behind its length, to be skipped by the caller.
  Result<std::string_view> read_word() {
    const uint64_t begin = file_.words.begin + words_.position();
    const auto length = words_.peek(sizeof(uint32_t));
    if (!length) return length;
    if (length->size() < sizeof(uint32_t)) return wrong(begin, "the vocabulary ends before its last word");
    const uint64_t bytes = load<uint32_t>(bytes_of(*length).data());
    if (bytes > kMaxWordBytes || bytes > words_.left() - sizeof(uint32_t)) {
      return wrong(begin, "a word of ", bytes, " bytes; up to ", kMaxWordBytes, " are read, and ",
                   words_.left() - sizeof(uint32_t), " are left in the vocabulary");
    }
    words_.skip(sizeof(uint32_t));
    return words_.peek(static_cast<size_t>(bytes));
  }

  // Behind the words are n-grams with their rows, or nothing.
  Result<void> check_end() {
    if (std::exchange(checked_, true)) return {};
    for (uint64_t i = 0; i < file_.ngram_count; ++i) {
      const auto ngram = read_word();
      if (!ngram) return tl::make_unexpected(ngram.error());
      words_.skip(ngram->size());
      const auto row = words_.peek(sizeof(uint64_t));
      if (!row) return tl::make_unexpected(row.error());
      words_.skip(row->size());
    }
    if (words_.left() == 0) return {};
    return wrong(file_.words.begin + words_.position(), words_.left(), " bytes follow the last of ",
                 file_.word_count, " words in their chunk");
  }

  FinalfusionFile file_;
  ByteReader words_;
  ByteReader rows_;
  std::optional<ProductQuantizer> quantizer_;
  std::vector<Norms> norms_;
  std::vector<std::string> remarks_;
  SourceHeader header_;
  size_t row_bytes_ = 0;
  uint64_t row_ = 0;
  bool checked_ = false;
};

bool recognises(const FileStart& start) {
  return start.bytes.starts_with("FiFu");
}

Result<std::unique_ptr<RowReader>> open(const Source& source) {
  auto file = open_bytes(source.path());
  if (!file) return pass(file);
  return read_finalfusion(std::move(*file), source);
}

}  // namespace

Result<std::unique_ptr<RowReader>> read_finalfusion(std::unique_ptr<ByteSource> bytes, const Source& source) {
  const Whole whole(std::move(bytes));
  const auto file = read_finalfusion_chunks(*whole);
  if (!file) return tl::make_unexpected(file.error());
  if (source.restore_norms && !file->norms) {
    return fail(ErrorCode::kInvalidArgument, whole->name(),
                ": keeps no norms to restore (no chunk NdNorms): leave out --restore-norms");
  }
  if (source.words_only && file->word_count == 0) {
    return fail(ErrorCode::kInvalidArgument, whole->name(), ": has no words: leave out --words-only");
  }
  std::optional<ProductQuantizer> quantizer;
  if (file->quantizer) {
    const auto& stored = *file->quantizer;
    if (stored.parts.size() > kMaxQuantizerBytes || stored.projection.size() > kMaxQuantizerBytes) {
      return fail(ErrorCode::kUnsupported, whole->name(), ": a quantizer for rows of ", file->dim,
                  " values takes more memory than ", kMaxQuantizerBytes, " bytes");
    }
    auto centroids = read_floats(*whole, stored.parts);
    if (!centroids) return pass(centroids);
    auto projection = read_floats(*whole, stored.projection);
    if (!projection) return pass(projection);
    quantizer.emplace(static_cast<size_t>(file->dim), static_cast<size_t>(stored.code_bytes),
                      std::move(*centroids), std::move(*projection));
  }
  return std::make_unique<FinalfusionReader>(whole, *file, source, std::move(quantizer));
}

constexpr std::string_view kOptions[] = {"--words-only", "--restore-norms"};

const Format kFinalfusion = {
    .name = "finalfusion",
    .about = "finalfusion's chunks: words with their rows, those of n-grams, also quantized",
    .tokens = Tokens::kOptional,
    .options = kOptions,
    .recognises = recognises,
    .open = open,
};

}  // namespace windrow::tools
