#include "formats/word2vec_bin.h"

#include <algorithm>
#include <cstring>

#include "base/checked.h"
#include "base/fail.h"
#include "formats/formats.h"
#include "formats/header_last_file.h"
#include "formats/word2vec_header.h"

namespace windrow::tools {

namespace {

class Word2vecBinReader : public RowReader {
 public:
  Word2vecBinReader(ByteReader bytes, const Word2vecHeader& declared, bool lenient)
      : bytes_(std::move(bytes)), declared_(declared), lenient_(lenient) {
    header_ = {.dim = declared.dim, .rows = declared.rows, .has_tokens = true};
    if (!lenient) return;
    header_.rows.reset();
    header_.most_rows = bytes_.left() / least_row_bytes(declared.dim);
  }

  static uint64_t least_row_bytes(size_t dim) { return 1 + sizeof(float) * static_cast<uint64_t>(dim); }

  const SourceHeader& header() const override { return header_; }
  ReaderFindings findings() const override { return findings_; }

  Result<void> next(RowBlock& block) override {
    block.clear(declared_.dim);
    while (block.rows < rows_per_block(declared_.dim) && rows_ < declared_.rows && !ended_) {
      if (const auto row = read_row(block); !row) return row;
    }
    return block.rows == 0 ? check_end() : Result<void>();
  }

 private:
  Result<void> read_row(RowBlock& block) {
    if (auto passed = pass_line_ends(); !passed) return passed;
    const uint64_t row_begin = bytes_.position();
    if (bytes_.left() == 0) {
      return end_early(concat("byte ", row_begin, ": the first line promises ", declared_.rows,
                              " rows, the file holds ", rows_));
    }
    const auto space = bytes_.find(' ', kMaxTokenBytes + 1);
    if (!space) return tl::make_unexpected(space.error());
    if (!*space) {
      return bytes_.left() <= kMaxTokenBytes && lenient_ ? cut_row(row_begin)
                                                         : out_of_step(row_begin, "no space ends the token");
    }
    const size_t length = **space, value_bytes = declared_.dim * sizeof(float);
    const auto row = bytes_.peek(length + 1 + value_bytes);
    if (!row) return tl::make_unexpected(row.error());
    const std::string_view token = row->substr(0, length);
    if (!fits_word2vec_bin(token)) return out_of_step(row_begin, "control characters in the token");
    if (row->size() < length + 1 + value_bytes) return cut_row(row_begin);
    block.add_token(token);
    block.begins.push_back(row_begin);
    std::memcpy(block.add_row(), row->data() + length + 1, value_bytes);
    bytes_.skip(row->size());
    ++rows_;
    return {};
  }

  // The LF that most programs write behind a row.
  Result<void> pass_line_ends() {
    while (true) {
      const auto byte = bytes_.peek(1);
      if (!byte) return tl::make_unexpected(byte.error());
      if (*byte != "\n") return {};
      bytes_.skip(1);
    }
  }

  Result<void> cut_row(uint64_t row_begin) {
    return end_early(concat("row ", rows_, ", byte ", row_begin, ": the file ends inside of it, after ",
                            bytes_.left(), " bytes; of ", declared_.rows, " rows promised, ", rows_,
                            " are whole"));
  }

  Result<void> end_early(std::string what) {
    if (!lenient_)
      return fail(ErrorCode::kFormat, bytes_.name(), ": ", what, "; --lenient takes the rows that are whole");
    findings_.remarks.push_back(std::move(what));
    ended_ = true;
    return {};
  }

  Result<void> out_of_step(uint64_t byte, const char* sign) const {
    return fail(ErrorCode::kFormat, bytes_.name(), ": row ", rows_, ", byte ", byte, ": out of step (", sign,
                "): a token before it may hold a space, or the first line promises another dim than the ",
                declared_.dim, " of the file");
  }

  Result<void> check_end() {
    if (ended_) return {};
    const auto last = bytes_.peek(1);
    if (!last) return tl::make_unexpected(last.error());
    if (bytes_.left() == 0 || (bytes_.left() == 1 && *last == "\n")) return {};
    return end_early(concat("byte ", bytes_.position(), ": the first line promises ", declared_.rows,
                            " rows of ", declared_.dim, " values, but ", bytes_.left(),
                            " bytes follow them"));
  }

  ByteReader bytes_;
  Word2vecHeader declared_;
  bool lenient_;
  SourceHeader header_;
  ReaderFindings findings_;
  uint64_t rows_ = 0;
  bool ended_ = false;
};

class Word2vecBinWriter : public RowWriter {
 public:
  Word2vecBinWriter(HeaderLastFile output, const WriterSpec& spec)
      : output_(std::move(output)), spec_(spec) {}

  Result<void> write(const RowBlock& block) override {
    std::string bytes;
    for (size_t i = 0; i < block.rows; ++i) {
      const std::string_view token = block.token(i);
      if (fits_word2vec_bin(token)) {
        append(bytes, token, block, i);
        continue;
      }
      if (spec_.options.bad_token == BadToken::kRefuse) {
        return fail(
            ErrorCode::kUnsupported, output_.path(), ": row ", rows_ + i,
            ": word2vec binary cannot hold a token with spaces or control characters, or of more than ",
            kMaxTokenBytes,
            " bytes; word2vec text (spaces) and safetensors (any bytes) can, or say --bad-token");
      }
      ++bad_tokens_;
      if (spec_.options.bad_token == BadToken::kUnderscore) append(bytes, with_underscores(token), block, i);
    }
    rows_ += block.rows;
    return output_.append(bytes);
  }

  Result<void> finish() override {
    return output_.finish(word2vec_header_line(written_, spec_.max_rows, spec_.dim));
  }

  uint64_t left_out() const override { return rows_ - written_; }

  std::vector<std::string> remarks() const override {
    if (bad_tokens_ == 0) return {};
    return {concat(bad_tokens_, " tokens hold what word2vec binary cannot: ",
                   spec_.options.bad_token == BadToken::kSkip ? "their rows were left out"
                                                              : "those bytes became underscores")};
  }

 private:
  void append(std::string& bytes, std::string_view token, const RowBlock& block, size_t i) {
    append_binary_row(bytes, token, block.row(i), block.dim);
    if (!spec_.options.newlines) bytes.pop_back();
    ++written_;
  }

  static std::string with_underscores(std::string_view token) {
    std::string fitting(token.substr(0, kMaxTokenBytes));
    for (char& c : fitting) c = static_cast<unsigned char>(c) > 0x20 ? c : '_';
    return fitting;
  }

  HeaderLastFile output_;
  WriterSpec spec_;
  uint64_t rows_ = 0;  // that came
  uint64_t written_ = 0;
  uint64_t bad_tokens_ = 0;
};

// Asked after the text format: a header, and what follows it is not text.
bool recognises(const FileStart& start) {
  const size_t line_end = start.bytes.substr(0, kMaxHeaderLine).find('\n');
  return line_end != std::string_view::npos && parse_word2vec_header(start.bytes.substr(0, line_end));
}

Result<std::unique_ptr<RowReader>> open(const Source& source) {
  auto bytes = open_bytes(source.path());
  if (!bytes) return pass(bytes);
  return read_word2vec_bin(std::move(*bytes), source.lenient);
}

Result<std::unique_ptr<RowWriter>> create(const std::string& path, const WriterSpec& spec) {
  auto output = HeaderLastFile::create(path, word2vec_header_line(0, spec.max_rows, spec.dim));
  if (!output) return pass(output);
  return std::make_unique<Word2vecBinWriter>(std::move(*output), spec);
}

constexpr std::string_view kSuffixes[] = {".bin"};

}  // namespace

Result<std::unique_ptr<RowReader>> read_word2vec_bin(std::unique_ptr<ByteSource> source, bool lenient) {
  ByteReader bytes(std::move(source), 4 << 20);
  const auto header = read_word2vec_header(bytes);
  if (!header) return tl::make_unexpected(header.error());
  // The least a row can take: an empty token, a space and the values.
  const uint64_t row = Word2vecBinReader::least_row_bytes(header->dim);
  const auto all = checked_mul(header->rows, row);
  if (!lenient && (!all || *all > bytes.left())) {
    return fail(ErrorCode::kFormat, bytes.name(), ": byte 0: the first line promises ", header->rows,
                " rows of ", header->dim, " values, but the ", bytes.left(),
                " bytes behind it can hold at most ", bytes.left() / row,
                " such rows; --lenient takes what is there");
  }
  return std::make_unique<Word2vecBinReader>(std::move(bytes), *header, lenient);
}

bool fits_word2vec_bin(std::string_view token) {
  return token.size() <= kMaxTokenBytes &&
         std::all_of(token.begin(), token.end(), [](char c) { return static_cast<unsigned char>(c) > 0x20; });
}

void append_binary_row(std::string& bytes, std::string_view token, const float* values, size_t dim) {
  bytes += token;
  bytes += ' ';
  bytes.append(reinterpret_cast<const char*>(values), dim * sizeof(float));
  bytes += '\n';
}

const Format kWord2vecBin = {
    .name = "word2vec-bin",
    .about = "word2vec's binary: a line ROWS DIM, then token, space and values",
    .suffixes = kSuffixes,
    .tokens = Tokens::kRequired,
    .rows_by_token = true,
    .recognises = recognises,
    .open = open,
    .create = create,
};

}  // namespace windrow::tools
