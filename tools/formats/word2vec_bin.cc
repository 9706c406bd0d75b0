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
  Word2vecBinReader(ByteReader bytes, const Word2vecHeader& declared)
      : bytes_(std::move(bytes)), declared_(declared) {
    header_ = {declared.dim, declared.rows, true};
  }

  const SourceHeader& header() const override { return header_; }

  Result<void> next(RowBlock& block) override {
    block.clear(declared_.dim);
    while (block.rows < rows_per_block(declared_.dim) && rows_ < declared_.rows) {
      if (const auto row = read_row(block); !row) return row;
      ++rows_;
    }
    return block.rows == 0 ? check_end() : Result<void>();
  }

 private:
  Result<void> read_row(RowBlock& block) {
    while (true) {
      const auto byte = bytes_.peek(1);
      if (!byte) return tl::make_unexpected(byte.error());
      if (*byte != "\n") break;
      bytes_.skip(1);
    }
    const uint64_t row_begin = bytes_.position();
    if (bytes_.left() == 0) {
      return fail(ErrorCode::kFormat, bytes_.name(), ": byte ", row_begin, ": the first line promises ",
                  declared_.rows, " rows, the file holds ", rows_);
    }
    const auto space = bytes_.find(' ', kMaxTokenBytes + 1);
    if (!space) return tl::make_unexpected(space.error());
    if (!*space) return out_of_step(row_begin, "no space ends the token");
    const size_t length = **space;
    const auto token = bytes_.peek(length);
    if (!token) return tl::make_unexpected(token.error());
    if (!fits_word2vec_bin(*token)) return out_of_step(row_begin, "control characters in the token");
    block.add_token(*token);
    bytes_.skip(length + 1);

    const size_t value_bytes = declared_.dim * sizeof(float);
    if (bytes_.left() < value_bytes) {
      return fail(ErrorCode::kFormat, bytes_.name(), ": row ", rows_, ", byte ", bytes_.position(), ": ",
                  value_bytes, " bytes of values should follow, the file ends after ", bytes_.left(), " (of ",
                  declared_.rows, " rows promised, ", rows_, " are whole)");
    }
    const auto values = bytes_.peek(value_bytes);
    if (!values) return tl::make_unexpected(values.error());
    std::memcpy(block.add_row(), values->data(), value_bytes);
    bytes_.skip(value_bytes);
    return {};
  }

  tl::unexpected<Error> out_of_step(uint64_t byte, const char* sign) const {
    return fail(ErrorCode::kFormat, bytes_.name(), ": row ", rows_, ", byte ", byte, ": out of step (", sign,
                "): a token before it may hold a space, or the first line promises another dim than the ",
                declared_.dim, " of the file");
  }

  Result<void> check_end() {
    const auto last = bytes_.peek(1);
    if (!last) return tl::make_unexpected(last.error());
    if (bytes_.left() == 0 || (bytes_.left() == 1 && *last == "\n")) return {};
    return fail(ErrorCode::kFormat, bytes_.name(), ": byte ", bytes_.position(), ": the first line promises ",
                declared_.rows, " rows of ", declared_.dim, " values, but ", bytes_.left(),
                " bytes follow them");
  }

  ByteReader bytes_;
  Word2vecHeader declared_;
  SourceHeader header_;
  uint64_t rows_ = 0;
};

class Word2vecBinWriter : public RowWriter {
 public:
  Word2vecBinWriter(HeaderLastFile output, const WriterSpec& spec)
      : output_(std::move(output)), spec_(spec) {}

  Result<void> write(const RowBlock& block) override {
    std::string bytes;
    for (size_t i = 0; i < block.rows; ++i) {
      const std::string_view token = block.token(i);
      if (!fits_word2vec_bin(token)) {
        return fail(
            ErrorCode::kUnsupported, output_.path(), ": row ", rows_ + i,
            ": word2vec binary cannot hold a token with spaces or control characters, or of more than ",
            kMaxTokenBytes, " bytes; word2vec text (spaces) and safetensors (any bytes) can");
      }
      append_binary_row(bytes, token, block.row(i), block.dim);
    }
    rows_ += block.rows;
    return output_.append(bytes);
  }

  Result<void> finish() override {
    return output_.finish(word2vec_header_line(rows_, spec_.max_rows, spec_.dim));
  }

 private:
  HeaderLastFile output_;
  WriterSpec spec_;
  uint64_t rows_ = 0;
};

// Asked after the text format: a header, and what follows it is not text.
bool recognises(const FileStart& start) {
  const size_t line_end = start.bytes.substr(0, kMaxHeaderLine).find('\n');
  return line_end != std::string_view::npos && parse_word2vec_header(start.bytes.substr(0, line_end));
}

Result<std::unique_ptr<RowReader>> open(const Source& source) {
  auto bytes = open_bytes(source.path());
  if (!bytes) return pass(bytes);
  return read_word2vec_bin(std::move(*bytes));
}

Result<std::unique_ptr<RowWriter>> create(const std::string& path, const WriterSpec& spec) {
  auto output = HeaderLastFile::create(path, word2vec_header_line(0, spec.max_rows, spec.dim));
  if (!output) return pass(output);
  return std::make_unique<Word2vecBinWriter>(std::move(*output), spec);
}

constexpr std::string_view kSuffixes[] = {".bin"};

}  // namespace

Result<std::unique_ptr<RowReader>> read_word2vec_bin(std::unique_ptr<ByteSource> source) {
  ByteReader bytes(std::move(source));
  const auto header = read_word2vec_header(bytes);
  if (!header) return tl::make_unexpected(header.error());
  // The least a row can take: an empty token, a space and the values.
  const uint64_t row = 1 + sizeof(float) * static_cast<uint64_t>(header->dim);
  const auto all = checked_mul(header->rows, row);
  if (!all || *all > bytes.left()) {
    return fail(ErrorCode::kFormat, bytes.name(), ": byte 0: the first line promises ", header->rows,
                " rows of ", header->dim, " values, but the ", bytes.left(),
                " bytes behind it can hold at most ", bytes.left() / row, " such rows");
  }
  return std::make_unique<Word2vecBinReader>(std::move(bytes), *header);
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
