#include "formats/word2vec_text.h"

#include <algorithm>

#include "base/checked.h"
#include "base/fail.h"
#include "format/text.h"
#include "formats/formats.h"
#include "formats/header_last_file.h"
#include "formats/numbers.h"
#include "formats/word2vec_header.h"

namespace windrow::tools {

namespace {

// Bytes of text that a value may take on average before a line is no longer believed to be a row.
constexpr uint64_t kMaxBytesPerValue = 128;

class Word2vecTextReader : public RowReader {
 public:
  Word2vecTextReader(ByteReader bytes, const Word2vecHeader& declared)
      : bytes_(std::move(bytes)), declared_(declared), crlf_lines_(declared.crlf ? 1 : 0) {
    header_ = {declared.dim, declared.rows, true};
  }

  const SourceHeader& header() const override { return header_; }
  uint64_t crlf_lines() const override { return crlf_lines_; }

  Result<void> next(RowBlock& block) override {
    block.clear(declared_.dim);
    const bool first = rows_ == 0;
    while (block.rows < rows_per_block(declared_.dim) && rows_ < declared_.rows) {
      const auto line = next_line();
      if (!line) return tl::make_unexpected(line.error());
      if (line->empty() && bytes_.left() == 0) break;  // the end, perhaps after a blank last line
      if (const auto row = parse(*line, block); !row) return tl::make_unexpected(row.error());
      ++rows_;
    }
    if (first) {
      if (const auto dim = check_dim(block); !dim) return tl::make_unexpected(dim.error());
    }
    return block.rows == 0 ? check_end() : Result<void>();
  }

 private:
  // The next line without its end and trailing spaces; empty at the end of the file.
  Result<std::string_view> next_line() {
    line_begin_ = bytes_.position();
    ++line_number_;
    const uint64_t limit = kMaxTokenBytes + kMaxBytesPerValue * declared_.dim;
    const auto end = bytes_.find('\n', static_cast<size_t>(limit));
    if (!end) return tl::make_unexpected(end.error());
    if (!*end && bytes_.left() > limit)
      return fail_at_line("the line goes on for more than ", limit, " bytes");
    const size_t length = *end ? **end : static_cast<size_t>(bytes_.left());
    auto line = bytes_.peek(length);
    if (!line) return tl::make_unexpected(line.error());
    bytes_.skip(length + (*end ? 1 : 0));
    if (*end && line->ends_with('\r')) {
      ++crlf_lines_;
      line->remove_suffix(1);
    }
    while (line->ends_with(' ')) line->remove_suffix(1);
    return *line;
  }

  // From the end of the line to its start: DIM numbers, then the token.
  Result<void> parse(std::string_view line, RowBlock& block) {
    float* values = block.add_row();
    size_t end = line.size();
    for (size_t k = declared_.dim; k-- > 0;) {
      const size_t space = end == 0 ? std::string_view::npos : line.rfind(' ', end - 1);
      if (space == std::string_view::npos) {
        return fail_at_line("too few fields: ", declared_.dim - 1 - k,
                            " numbers behind the token, where the first line promises ", declared_.dim);
      }
      const std::string_view field = line.substr(space + 1, end - space - 1);
      const auto value = parse_float(field);
      if (!value) {
        return fail_at_line("field ", k + 1, " of ", declared_.dim,
                            " is no number that fits a float: ", in_quotes(field.substr(0, 32)));
      }
      values[k] = *value;
      end = space;
    }
    if (end > kMaxTokenBytes) return fail_at_line("a token of ", end, " bytes: this is no word2vec text");
    block.add_token(line.substr(0, end));
    return {};
  }

  // A first line that promises too few values a row would turn the other values into parts of the tokens. It
  // shows when every token of the first block ends in the same number of numbers.
  Result<void> check_dim(const RowBlock& block) {
    if (block.rows < 2) return {};
    const size_t extra = numbers_at_end(block.token(0));
    for (size_t i = 1; extra > 0 && i < block.rows; ++i) {
      if (numbers_at_end(block.token(i)) != extra) return {};
    }
    if (extra == 0) return {};
    return fail(ErrorCode::kFormat, bytes_.name(), ": line 1, byte 0: the first line promises ",
                declared_.dim, " values a row, the rows hold ", declared_.dim + extra);
  }

  // How many numbers stand behind the first field.
  static size_t numbers_at_end(std::string_view token) {
    size_t count = 0;
    while (true) {
      const size_t space = token.rfind(' ');
      if (space == std::string_view::npos || !parse_float(token.substr(space + 1))) return count;
      ++count;
      token = token.substr(0, space);
    }
  }

  Result<void> check_end() {
    if (rows_ < declared_.rows) {
      return fail(ErrorCode::kFormat, bytes_.name(), ": byte ", bytes_.size(), ": the first line promises ",
                  declared_.rows, " rows, the file holds ", rows_);
    }
    const uint64_t behind = bytes_.position();
    uint64_t more = 0;
    while (bytes_.left() > 0) {
      const auto line = next_line();
      if (!line) return tl::make_unexpected(line.error());
      if (!line->empty() || bytes_.left() > 0) ++more;  // a blank last line is none
    }
    if (more == 0) return {};
    return fail(ErrorCode::kFormat, bytes_.name(), ": byte ", behind, ": the first line promises ",
                declared_.rows, " rows, the file holds ", declared_.rows + more);
  }

  template <class... Parts>
  tl::unexpected<Error> fail_at_line(const Parts&... parts) const {
    return fail(ErrorCode::kFormat, bytes_.name(), ": line ", line_number_, ", byte ", line_begin_, ": ",
                parts...);
  }

  ByteReader bytes_;
  Word2vecHeader declared_;
  SourceHeader header_;
  uint64_t crlf_lines_ = 0;
  uint64_t rows_ = 0;
  uint64_t line_number_ = 1;
  uint64_t line_begin_ = 0;
};

class Word2vecTextWriter : public RowWriter {
 public:
  Word2vecTextWriter(HeaderLastFile output, const WriterSpec& spec)
      : output_(std::move(output)), spec_(spec) {}

  Result<void> write(const RowBlock& block) override {
    std::string text;
    for (size_t i = 0; i < block.rows; ++i) {
      const std::string_view token = block.token(i);
      if (token.find('\n') != std::string_view::npos || token.size() > kMaxTokenBytes) {
        return fail(
            ErrorCode::kUnsupported, output_.path(), ": row ", rows_ + i, ": word2vec text cannot hold a ",
            token.size() > kMaxTokenBytes ? "token of more than 65536 bytes" : "token with a line feed",
            "; safetensors can");
      }
      append_text_row(text, token, block.row(i), block.dim);
    }
    rows_ += block.rows;
    return output_.append(text);
  }

  Result<void> finish() override {
    return output_.finish(word2vec_header_line(rows_, spec_.max_rows, spec_.dim));
  }

 private:
  HeaderLastFile output_;
  WriterSpec spec_;
  uint64_t rows_ = 0;
};

// Whether what follows the first line looks like rows of text: the second line ends in DIM numbers; of a
// longer one, the last fields that are there in full are numbers.
bool looks_like_text(std::string_view rest, size_t dim, bool cut_off) {
  const size_t line_end = rest.find('\n');
  std::string_view line = rest.substr(0, line_end);
  size_t wanted = dim;
  if (line_end == std::string_view::npos && cut_off) {
    line = line.substr(0, line.rfind(' '));
    wanted = std::min<size_t>(dim, 8);
  } else if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  while (line.ends_with(' ')) line.remove_suffix(1);
  for (size_t k = 0; k < wanted; ++k) {
    const size_t space = line.rfind(' ');
    if (space == std::string_view::npos || !parse_float(line.substr(space + 1))) return false;
    line = line.substr(0, space);
  }
  return true;
}

bool recognises(const FileStart& start) {
  const size_t line_end = start.bytes.substr(0, kMaxHeaderLine).find('\n');
  const auto header = parse_word2vec_header(start.bytes.substr(0, line_end));
  if (!header) return false;
  if (line_end == std::string_view::npos) return start.bytes.size() == start.file_bytes;
  const std::string_view rest = start.bytes.substr(line_end + 1);
  return rest.empty() || looks_like_text(rest, header->dim, start.bytes.size() < start.file_bytes);
}

Result<std::unique_ptr<RowReader>> open(const TableSource& source) {
  auto bytes = open_bytes(source.path);
  if (!bytes) return pass(bytes);
  return read_word2vec_text(std::move(*bytes));
}

Result<std::unique_ptr<RowWriter>> create(const std::string& path, const WriterSpec& spec) {
  auto output = HeaderLastFile::create(path, word2vec_header_line(0, spec.max_rows, spec.dim));
  if (!output) return pass(output);
  return std::make_unique<Word2vecTextWriter>(std::move(*output), spec);
}

constexpr std::string_view kSuffixes[] = {".txt", ".vec"};

}  // namespace

Result<std::unique_ptr<RowReader>> read_word2vec_text(std::unique_ptr<ByteSource> source) {
  ByteReader bytes(std::move(source));
  const auto header = read_word2vec_header(bytes);
  if (!header) return tl::make_unexpected(header.error());
  // The least a row can take: DIM times a space and a digit, and a line end except behind the last.
  const auto row = checked_add(2 * static_cast<uint64_t>(header->dim), 1);
  const auto all = checked_mul(header->rows, *row);
  if (!all || *all > bytes.left() + 1) {
    return fail(ErrorCode::kFormat, bytes.name(), ": byte 0: the first line promises ", header->rows,
                " rows of ", header->dim, " values, but the ", bytes.left(),
                " bytes behind it can hold at most ", (bytes.left() + 1) / *row, " such rows");
  }
  return std::make_unique<Word2vecTextReader>(std::move(bytes), *header);
}

void append_text_row(std::string& text, std::string_view token, const float* values, size_t dim) {
  text += token;
  for (size_t c = 0; c < dim; ++c) {
    text += ' ';
    append_float(text, values[c]);
  }
  text += '\n';
}

const Format kWord2vecText = {"word2vec-text", kSuffixes, Tokens::kRequired, false, false, recognises, open,
                              create};

}  // namespace windrow::tools
