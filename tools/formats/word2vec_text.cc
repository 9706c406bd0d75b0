#include "formats/word2vec_text.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/fail.h"
#include "formats/byte_order_mark.h"
#include "formats/formats.h"
#include "formats/glove_vectors.h"
#include "formats/header_last_file.h"
#include "formats/numbers.h"
#include "formats/text_dim.h"
#include "formats/text_rows.h"
#include "formats/word2vec_header.h"

namespace windrow::tools {

namespace {

// What the first line says, and what is made of it.
struct Promise {
  Word2vecHeader declared;
  size_t dim = 0;          // of the rows in the file
  uint64_t most_rows = 0;  // that are taken
  std::optional<GlovePair> pair = {};
  bool has_mark = false;  // a byte order mark in front
};

class Word2vecTextReader : public RowReader {
 public:
  Word2vecTextReader(TextRows rows, const Promise& promise, const Source& source)
      : rows_(std::move(rows)), promise_(promise), lenient_(source.lenient) {
    part_ = source.part.value_or(GloveVectors::kSum);
    header_ = {.dim = promise.pair ? promise.pair->dim : promise.dim,
               .rows = std::nullopt,
               .has_tokens = true,
               .stored_as = "text"};
    if (!lenient_ && promise.most_rows == promise.declared.rows) {
      header_.rows = promise.most_rows;
    } else {
      header_.most_rows = promise.most_rows;
    }
    if (promise.declared.crlf) rows_.findings().crlf_lines.add(0, 0);
  }

  const SourceHeader& header() const override { return header_; }

  ReaderFindings findings() const override {
    ReaderFindings findings = rows_.findings();
    const Word2vecHeader& declared = promise_.declared;
    if (promise_.has_mark) findings.remarks.emplace_back(kByteOrderMarkRemark);
    if (promise_.dim != declared.dim && !promise_.pair) {
      findings.remarks.push_back(concat("the first line promises ", declared.dim,
                                        " values a row, the rows hold ", promise_.dim, ", which were taken"));
    }
    if (lenient_ && done_ && rows_.rows() != declared.rows) {
      findings.remarks.push_back(concat("the first line promises ", declared.rows, " rows, the file holds ",
                                        rows_.rows(), ", which were taken"));
    }
    return findings;
  }

  Result<void> next(RowBlock& block) override {
    if (auto read = rows_.next(block, promise_.most_rows - rows_.rows()); !read) return read;
    if (promise_.pair) choose_vectors(block, *promise_.pair, part_);
    return block.rows == 0 ? check_end() : Result<void>();
  }

 private:
  Result<void> check_end() {
    done_ = true;
    if (lenient_) return {};
    const uint64_t declared = promise_.declared.rows, rows = rows_.rows(), end = rows_.position();
    const auto more = rows_.count_lines();
    if (!more) return tl::make_unexpected(more.error());
    if (rows + *more == declared || (rows == promise_.most_rows && *more == 0)) return {};
    return fail(ErrorCode::kFormat, rows_.name(), ": byte ", end, ": the first line promises ", declared,
                " rows, the file holds ", rows + *more, "; --lenient takes what is there");
  }

  TextRows rows_;
  Promise promise_;
  bool lenient_;
  GloveVectors part_;
  SourceHeader header_;
  bool done_ = false;
};

class Word2vecTextWriter : public RowWriter {
 public:
  Word2vecTextWriter(HeaderLastFile output, const WriterSpec& spec)
      : output_(std::move(output)), spec_(spec), text_({.precision = spec.options.precision}) {}

  Result<void> write(const RowBlock& block) override {
    if (auto fit = check_text_tokens(block, rows_, output_.path()); !fit) return fit;
    rows_ += block.rows;
    return text_.write(block, [&](std::string_view text) { return output_.append(text); });
  }

  Result<void> finish() override {
    return output_.finish(word2vec_header_line(rows_, spec_.max_rows, spec_.dim));
  }

 private:
  HeaderLastFile output_;
  WriterSpec spec_;
  TextOutput text_;
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

// Whether these are not the bytes of floats: no control characters, the digits of numbers for the most part, and several
// fields behind the token.
bool is_of_digits(std::string_view bytes) {
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t';
  };
  const auto is_of_number = [](char c) {
    return std::string_view("0123456789.,-+eE \t\r\n").find(c) != std::string_view::npos;
  };
  const size_t token_end = bytes.find(' ');
  return token_end != std::string_view::npos &&
         bytes.find_first_of(" \n", token_end + 1) != std::string_view::npos &&
         std::none_of(bytes.begin(), bytes.end(), is_control) &&
         2 * std::count_if(bytes.begin(), bytes.end(), is_of_number) >
             static_cast<std::ptrdiff_t>(bytes.size());
}

bool recognises(const FileStart& start) {
  const auto [bytes, file_bytes] = without_byte_order_mark(start);
  const size_t line_end = bytes.substr(0, kMaxHeaderLine).find('\n');
  const auto header = parse_word2vec_header(bytes.substr(0, line_end));
  if (!header) return false;
  if (line_end == std::string_view::npos) return bytes.size() == file_bytes;
  const std::string_view rest = bytes.substr(line_end + 1);
  // A second line that is no row must not make a text binary.
  return rest.empty() || looks_like_text(rest, header->dim, bytes.size() < file_bytes) || is_of_digits(rest);
}

Result<std::unique_ptr<RowReader>> open(const Source& source) {
  auto bytes = open_bytes(source.path());
  if (!bytes) return pass(bytes);
  return read_word2vec_text(std::move(*bytes), source);
}

Result<std::unique_ptr<RowWriter>> create(const std::string& path, const WriterSpec& spec) {
  auto output = HeaderLastFile::create(path, word2vec_header_line(0, spec.max_rows, spec.dim));
  if (!output) return pass(output);
  return std::make_unique<Word2vecTextWriter>(std::move(*output), spec);
}

constexpr std::string_view kSuffixes[] = {".txt", ".vec"};

// Whether the last row is the one that GloVe does not count.
Result<bool> ends_with_unk(const ByteSource& bytes) {
  constexpr uint64_t kTail = 1 << 20;  // longer lines are none of GloVe
  std::string tail(static_cast<size_t>(std::min(kTail, bytes.size())), '\0');
  const std::span<uint8_t> memory(reinterpret_cast<uint8_t*>(tail.data()), tail.size());
  if (auto read = bytes.read(bytes.size() - tail.size(), memory); !read) return pass(read);
  while (tail.ends_with('\n') || tail.ends_with('\r') || tail.ends_with(' ')) tail.pop_back();
  const size_t line_end = tail.rfind('\n');
  return line_end != std::string::npos && tail.compare(line_end + 1, 6, "<unk> ") == 0;
}

// The dim of the rows in the file, and the pair that they may be.
Result<void> settle_dim(ByteReader& bytes, const Source& source, Promise& promise) {
  const size_t declared = source.raw ? static_cast<size_t>(source.raw->dim) : promise.declared.dim;
  const auto found = check_text_dim(bytes, declared);
  if (!found) return tl::make_unexpected(found.error());
  promise.dim = declared;
  const auto pair = *found > declared ? glove_pair(declared, *found) : std::nullopt;
  if (source.raw && !pair) return {};  // the user knows
  if (pair && source.part) {
    promise.pair = pair;
    promise.dim = *found;
  } else if (source.lenient && *found > 0) {
    promise.dim = *found;
  } else if (*found > declared) {
    return fail(ErrorCode::kFormat, bytes.name(), ": line 1, byte 0: the first line promises ", declared,
                " values a row, the rows hold ", *found,
                pair ? concat("; they are two vectors of each word, as glove -model ", pair->biases ? 0 : 3,
                              " writes them: choose with --part word, context or sum")
                     : "; --lenient takes what is there");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<RowReader>> read_word2vec_text(std::unique_ptr<ByteSource> file,
                                                      const Source& source) {
  const auto unk = ends_with_unk(*file);
  if (!unk) return tl::make_unexpected(unk.error());
  ByteReader bytes(std::move(file), TextRows::kBufferBytes);
  const auto marked = skip_byte_order_mark(bytes);
  if (!marked) return tl::make_unexpected(marked.error());
  const auto header = read_word2vec_header(bytes);
  if (!header) return tl::make_unexpected(header.error());
  Promise promise{.declared = *header, .has_mark = *marked};
  if (auto settled = settle_dim(bytes, source, promise); !settled) return pass(settled);
  // The least a row can take: DIM times a space and a digit, and a line end except behind the last.
  const uint64_t row = 2 * static_cast<uint64_t>(promise.dim) + 1;
  const auto all = checked_mul(header->rows, row);
  const uint64_t most = (bytes.left() + 1) / row;
  if (!source.lenient && (!all || *all > bytes.left() + 1)) {
    return fail(ErrorCode::kFormat, bytes.name(), ": byte 0: the first line promises ", header->rows,
                " rows of ", header->dim, " values, but the ", bytes.left(),
                " bytes behind it can hold at most ", most, " such rows; --lenient takes what is there");
  }
  promise.most_rows = source.lenient ? most : std::min(most, header->rows + (*unk ? 1 : 0));
  TextRows rows(std::move(bytes), spaced_line_parser(promise.dim),
                {.lenient = source.lenient, .lines_before = 1});
  return std::make_unique<Word2vecTextReader>(std::move(rows), promise, source);
}

constexpr std::string_view kOptions[] = {"--shape", "--part"};

const Format kWord2vecText = {
    .name = "word2vec-text",
    .about = "word2vec's text, fastText's .vec: a line ROWS DIM, then a line per token",
    .suffixes = kSuffixes,
    .tokens = Tokens::kRequired,
    .rows_by_token = true,
    .options = kOptions,
    .writes_text = true,
    .recognises = recognises,
    .open = open,
    .create = create,
};

}  // namespace windrow::tools
