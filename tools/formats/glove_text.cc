#include "formats/glove_text.h"

#include "base/bytes.h"
#include "base/fail.h"
#include "formats/byte_order_mark.h"
#include "formats/formats.h"
#include "formats/glove_vectors.h"
#include "formats/numbers.h"
#include "formats/text_dim.h"
#include "formats/text_output.h"
#include "formats/text_rows.h"
#include "formats/word2vec_header.h"
#include "formats/word2vec_text.h"
#include "io/atomic_file.h"

namespace windrow::tools {

namespace {

// How the rows of a file are taken.
struct Plan {
  size_t fields = 0;  // values of a row in the file
  bool is_guessed = false;
  bool has_mark = false;  // a byte order mark
  std::optional<GlovePair> pair = {};
  GloveVectors part = GloveVectors::kSum;
};

class GloveTextReader : public RowReader {
 public:
  GloveTextReader(TextRows rows, const Plan& plan) : rows_(std::move(rows)), plan_(plan) {
    header_ = {.dim = plan.pair ? plan.pair->dim : plan.fields,
               .rows = std::nullopt,
               .has_tokens = true,
               .stored_as = "text",
               .most_rows = (rows_.size() + 1) / (2 * plan.fields + 1)};
  }

  const SourceHeader& header() const override { return header_; }

  ReaderFindings findings() const override {
    ReaderFindings findings = rows_.findings();
    if (plan_.has_mark) findings.remarks.emplace_back(kByteOrderMarkRemark);
    if (plan_.is_guessed && 100 * spaced_ > rows_.rows()) {
      findings.remarks.push_back(concat(spaced_, " of ", rows_.rows(),
                                        " tokens hold spaces: if values are among them, the dim is not ",
                                        plan_.fields, ", and --shape DIM says what it is"));
    }
    return findings;
  }

  Result<void> next(RowBlock& block) override {
    auto read = rows_.next(block);
    if (!read && plan_.is_guessed && read.error().code == ErrorCode::kFormat) {
      return fail(ErrorCode::kFormat, read.error().message, "; that rows have ", plan_.fields,
                  " values was found from the first lines, --shape DIM says otherwise");
    }
    if (!read) return read;
    for (size_t i = 0; i < block.rows; ++i) spaced_ += block.token(i).find(' ') != std::string_view::npos;
    if (plan_.pair) choose_vectors(block, *plan_.pair, plan_.part);
    return {};
  }

 private:
  TextRows rows_;
  Plan plan_;
  SourceHeader header_;
  uint64_t spaced_ = 0;  // tokens with a space
};

class GloveTextWriter : public RowWriter {
 public:
  GloveTextWriter(std::string path, io::AtomicFile output, const WriterOptions& options)
      : path_(std::move(path)), output_(std::move(output)), text_({.precision = options.precision}) {}

  Result<void> write(const RowBlock& block) override {
    if (auto fit = check_text_tokens(block, rows_, path_); !fit) return fit;
    if (rows_ == 0 && block.rows > 0 && block.token(0).starts_with(kByteOrderMark)) {
      return fail(ErrorCode::kUnsupported, path_,
                  ": row 0: its token begins with what readers take as a byte order mark of the file; "
                  "word2vec text and safetensors can hold it");
    }
    rows_ += block.rows;
    return text_.write(block, [&](std::string_view text) { return output_.append(bytes_of(text)); });
  }

  Result<void> finish() override { return output_.commit(); }

 private:
  std::string path_;
  io::AtomicFile output_;
  TextOutput text_;
  uint64_t rows_ = 0;
};

Result<Plan> plan_for(ByteReader& bytes, const Source& source) {
  const auto found = find_text_dim(bytes);
  if (!found) return tl::make_unexpected(found.error());
  Plan plan{.fields = *found, .is_guessed = true};
  if (*found == 0) {
    return fail(ErrorCode::kFormat, bytes.name(),
                ": line 1, byte 0: no line is a token and numbers with a space between two");
  }
  if (!source.raw) {
    if (source.part) {
      return fail(
          ErrorCode::kInvalidArgument, bytes.name(),
          ": --part needs the dim of a vector (--shape DIM): text without a first line does not tell two "
          "vectors from one");
    }
    return plan;
  }
  const auto dim = static_cast<size_t>(source.raw->dim);
  const auto pair = glove_pair(dim, *found);
  if (pair && !source.part) {
    return fail(ErrorCode::kFormat, bytes.name(), ": rows have ", *found,
                " values, which are two vectors of ", dim, ", as glove -model ", pair->biases ? 0 : 3,
                " writes them: choose with --part word, context or sum");
  }
  plan.is_guessed = false;
  plan.pair = pair;
  plan.part = source.part.value_or(plan.part);
  if (!pair) plan.fields = dim;
  return plan;
}

// Asked after the formats with a first line. Whether the first line is a token and at least two numbers.
bool recognises(const FileStart& start) {
  const size_t line_end = start.bytes.find('\n');
  std::string_view line = start.bytes.substr(0, line_end);
  if (line_end == std::string_view::npos && start.bytes.size() < start.file_bytes)
    line = line.substr(0, line.rfind(' '));  // without the field that is cut off
  for (int numbers = 0; numbers < 2; ++numbers) {
    while (line.ends_with(' ') || line.ends_with('\r')) line.remove_suffix(1);
    const size_t space = line.rfind(' ');
    if (space == std::string_view::npos || !parse_float(line.substr(space + 1))) return false;
    line = line.substr(0, space);
  }
  return true;
}

Result<std::unique_ptr<RowReader>> open(const Source& source) {
  auto bytes = open_bytes(source.path());
  if (!bytes) return pass(bytes);
  return read_glove_text(std::move(*bytes), source);
}

Result<std::unique_ptr<RowWriter>> create(const std::string& path, const WriterSpec& spec) {
  auto output = io::AtomicFile::create(io::posix(), path);
  if (!output) return pass(output);
  return std::make_unique<GloveTextWriter>(path, std::move(*output), spec.options);
}

constexpr std::string_view kSuffixes[] = {".glove"};

// Whether the file begins with a line ROWS DIM and a row of no fewer values.
Result<bool> has_header(ByteReader& bytes) {
  const auto start = bytes.peek(kFileStartBytes);
  if (!start) return tl::make_unexpected(start.error());
  return kWord2vecText.recognises({*start, bytes.size()});
}

}  // namespace

Result<std::unique_ptr<RowReader>> read_glove_text(std::unique_ptr<ByteSource> file, const Source& source) {
  ByteReader bytes(std::move(file), TextRows::kBufferBytes);
  const auto header = has_header(bytes);
  if (!header) return tl::make_unexpected(header.error());
  if (*header) return read_word2vec_text(bytes.release(), source);
  const auto marked = skip_byte_order_mark(bytes);
  if (!marked) return tl::make_unexpected(marked.error());
  auto plan = plan_for(bytes, source);
  if (!plan) return tl::make_unexpected(plan.error());
  plan->has_mark = *marked;
  TextRows rows(std::move(bytes), spaced_line_parser(plan->fields), {.lenient = source.lenient});
  return std::make_unique<GloveTextReader>(std::move(rows), *plan);
}

constexpr std::string_view kOptions[] = {"--shape", "--part"};

const Format kGloveText = {
    .name = "glove-text",
    .about = "GloVe's text: a line per token, without a first line",
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
