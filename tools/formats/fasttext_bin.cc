#include "formats/fasttext_bin.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/fail.h"
#include "formats/fasttext_model.h"
#include "formats/formats.h"
#include "table/subwords.h"

namespace windrow::tools {

namespace {

// The rows of words with their tokens; what they hold is up to those that follow.
class WordReader : public RowReader {
 public:
  WordReader(std::shared_ptr<const ByteSource> source, FasttextModel model)
      : model_(std::move(model)), dictionary_(source, model_.dictionary_begin, model_.dictionary_end) {
    header_.dim = static_cast<size_t>(model_.dim);
    header_.has_tokens = model_.words > 0;
    header_.stored_as = model_.input.quantised() ? "pq" : "f32";
  }

  const SourceHeader& header() const override { return header_; }
  ReaderFindings findings() const override {
    ReaderFindings findings;
    findings.remarks = model_.remarks;
    return findings;
  }

 protected:
  // Takes the tokens of the next rows; gives how many rows those are, at most a block.
  Result<size_t> next_words(RowBlock& block) {
    block.clear(header_.dim);
    const auto count =
        static_cast<size_t>(std::min<uint64_t>(rows_per_block(header_.dim), model_.words - word_));
    for (size_t i = 0; i < count; ++i) {
      const auto entry = dictionary_.next();
      if (!entry) return tl::make_unexpected(entry.error());
      block.add_token(entry->word);
    }
    block.rows = count;
    block.values.resize(count * header_.dim);
    word_ += count;
    return count;
  }

  FasttextModel model_;
  FasttextDictionary dictionary_;
  SourceHeader header_;
  uint64_t word_ = 0;  // how many were taken
};

// All rows as they are stored. Those of a pruned model's buckets come by bucket.
class FasttextReader : public WordReader {
 public:
  FasttextReader(std::shared_ptr<const ByteSource> source, FasttextModel model)
      : WordReader(std::move(source), std::move(model)) {
    header_.subwords = model_.subwords();
    by_bucket_ = header_.subwords && header_.subwords->kept;
    if (by_bucket_) header_.kept_buckets = model_.kept_buckets;
    header_.rows = by_bucket_ ? model_.words + model_.kept_rows.size() : model_.input.rows();
  }

  Result<void> next(RowBlock& block) override {
    const uint64_t first = row_;
    if (row_ < model_.words) {
      const auto words = next_words(block);
      if (!words) return tl::make_unexpected(words.error());
    } else {
      block.clear(header_.dim);
      block.rows = static_cast<size_t>(std::min<uint64_t>(rows_per_block(header_.dim), *header_.rows - row_));
      block.values.resize(block.rows * header_.dim);
    }
    row_ += block.rows;
    for (uint64_t row = first; row < row_ && !model_.input.quantised(); ++row)
      block.begins.push_back(*model_.input.begin_of(row));
    if (!by_bucket_ || first < model_.words) return model_.input.read(first, block.rows, block.values.data());
    for (size_t i = 0; i < block.rows; ++i) {
      const uint64_t row = model_.words + model_.kept_rows[static_cast<size_t>(first - model_.words) + i];
      if (auto read = model_.input.read(row, 1, block.row(i)); !read) return read;
    }
    return {};
  }

 private:
  bool by_bucket_ = false;
  uint64_t row_ = 0;
};

// The vectors of words. Sums and products as fastText makes them (FastText::getWordVector), to the last bit: the rows
// in order, times the float nearest to one over their number.
class FasttextWordsReader : public WordReader {
 public:
  FasttextWordsReader(std::shared_ptr<const ByteSource> source, FasttextModel model)
      : WordReader(std::move(source), std::move(model)), subwords_(model_.subwords().value_or(Subwords())) {
    header_.rows = model_.words;
    row_.resize(model_.words > 0 ? header_.dim : 0);
  }

  Result<void> next(RowBlock& block) override {
    const uint64_t first = word_;
    const auto count = next_words(block);
    if (!count) return tl::make_unexpected(count.error());
    for (size_t i = 0; i < *count; ++i) {
      if (auto averaged = average(first + i, block.token(i), block.row(i)); !averaged) return averaged;
    }
    return {};
  }

 private:
  Result<void> average(uint64_t word, std::string_view token, float* sum) {
    const SubwordRows subwords(subwords_, kept());
    rows_.assign(1, static_cast<int64_t>(word));
    append_subword_rows(subwords, token, rows_);
    std::erase(rows_, kNoRow);
    std::fill_n(sum, header_.dim, 0.0f);
    for (const int64_t row : rows_) {
      if (auto read = model_.input.read(stored_row(static_cast<uint64_t>(row)), 1, row_.data()); !read)
        return read;
      for (size_t c = 0; c < header_.dim; ++c) sum[c] += row_[c];
    }
    const auto scale = static_cast<float>(1.0 / static_cast<double>(rows_.size()));
    for (size_t c = 0; c < header_.dim; ++c) sum[c] *= scale;
    return {};
  }

  const uint8_t* kept() const { return subwords_.kept ? bytes_of(model_.kept_buckets).data() : nullptr; }
  uint64_t stored_row(uint64_t row) const {
    if (!subwords_.kept || row < model_.words) return row;
    return model_.words + model_.kept_rows[static_cast<size_t>(row - model_.words)];
  }

  Subwords subwords_;
  std::vector<int64_t> rows_;
  std::vector<float> row_;
};

// Models from before there was a magic number: numbers that are possible, and words. That all lengths add up is found
// out by whoever reads the file.
bool may_be_old_model(const FileStart& start) {
  constexpr size_t kHeaderBytes = 76;
  if (start.bytes.size() < kHeaderBytes) return false;
  const auto number = [&](size_t i) {
    return int64_t{load<int32_t>(reinterpret_cast<const uint8_t*>(start.bytes.data()) + 4 * i)};
  };
  const auto between = [](int64_t value, int64_t least, int64_t most) {
    return value >= least && value <= most;
  };
  const int64_t dim = number(0), loss = number(6), model = number(7), buckets = number(8);
  const int64_t entries = number(14), words = number(15), labels = number(16);
  if (!between(dim, 1, 1 << 16) || !between(loss, 1, 4) || !between(model, 1, 3) || buckets < 0 ||
      words < 0 || labels < 0 || entries != words + labels || entries == 0) {
    return false;
  }
  if (static_cast<uint64_t>(entries * 10 + words * dim * 4) > start.file_bytes) return false;
  size_t at = kHeaderBytes;
  for (int64_t i = 0; i < entries; ++i) {
    const size_t end = start.bytes.find('\0', at);
    if (end == std::string_view::npos || end + 9 >= start.bytes.size())
      return start.bytes.size() == kFileStartBytes;
    if (static_cast<uint8_t>(start.bytes[end + 9]) > 1) return false;
    at = end + 10;
  }
  return true;
}

bool recognises(const FileStart& start) {
  return (start.bytes.size() >= 4 &&
          load<int32_t>(reinterpret_cast<const uint8_t*>(start.bytes.data())) == kFasttextMagic) ||
         may_be_old_model(start);
}

Result<std::unique_ptr<RowReader>> open(const Source& source) {
  auto bytes = open_bytes(source.path());
  if (!bytes) return pass(bytes);
  return read_fasttext_bin(std::move(*bytes), source.words_only, source.lenient);
}

}  // namespace

Result<std::unique_ptr<RowReader>> read_fasttext_bin(std::shared_ptr<const ByteSource> source,
                                                     bool words_only, bool lenient) {
  auto model = read_fasttext_model(source, lenient);
  if (!model) return pass(model);
  if (words_only) return std::make_unique<FasttextWordsReader>(std::move(source), std::move(*model));
  return std::make_unique<FasttextReader>(std::move(source), std::move(*model));
}

constexpr std::string_view kOptions[] = {"--words-only"};

const Format kFasttextBin = {
    .name = "fasttext-bin",
    .about = "fastText's models, .bin and .ftz: words, and n-grams for words unknown",
    .tokens = Tokens::kOptional,
    .options = kOptions,
    .recognises = recognises,
    .open = open,
};

}  // namespace windrow::tools
