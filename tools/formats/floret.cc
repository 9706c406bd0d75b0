#include "formats/floret.h"

#include <array>

#include "base/fail.h"
#include "format/text.h"
#include "formats/formats.h"
#include "formats/numbers.h"
#include "formats/text_rows.h"
#include "formats/word2vec_header.h"
#include "table/subwords_metadata.h"

namespace windrow::tools {

namespace {

struct FloretHeader {
  size_t dim = 0;
  Subwords subwords;
};

// A first line without its end; nothing when it is something else.
std::optional<FloretHeader> parse_header(std::string_view line) {
  std::array<std::string_view, 8> fields;
  bool crlf;
  line = trim_line(line, crlf);
  for (size_t f = 0; f < fields.size(); ++f) {
    const size_t space = line.find(' ');
    if ((space == std::string_view::npos) != (f + 1 == fields.size())) return std::nullopt;
    fields[f] = line.substr(0, space);
    if (space != std::string_view::npos) line.remove_prefix(space + 1);
  }
  std::array<uint64_t, 6> numbers;
  for (size_t f = 0; f < numbers.size(); ++f) {
    const auto number = parse_unsigned(fields[f]);
    if (!number || *number > (f == 0 ? uint64_t{1} << 48 : uint64_t{0xFFFFFFFF})) return std::nullopt;
    numbers[f] = *number;
  }
  if (numbers[0] == 0 || numbers[1] == 0 || numbers[1] >= uint64_t{1} << 31 || numbers[2] > numbers[3] ||
      numbers[3] > kMaxNgramCharacters || numbers[4] < 1 || numbers[4] > 4) {
    return std::nullopt;
  }
  FloretHeader header;
  header.dim = static_cast<size_t>(numbers[1]);
  header.subwords.hash = Subwords::Hash::kFloret;
  header.subwords.buckets = static_cast<int64_t>(numbers[0]);
  header.subwords.min_n = static_cast<int32_t>(numbers[2]);
  header.subwords.max_n = static_cast<int32_t>(numbers[3]);
  header.subwords.hash_count = static_cast<int32_t>(numbers[4]);
  header.subwords.hash_seed = static_cast<uint32_t>(numbers[5]);
  header.subwords.begin = fields[6];
  header.subwords.end = fields[7];
  return header;
}

class FloretReader : public RowReader {
 public:
  FloretReader(TextRows rows, const FloretHeader& floret) : rows_(std::move(rows)) {
    header_ = {.dim = floret.dim,
               .rows = static_cast<uint64_t>(floret.subwords.buckets),
               .stored_as = "text",
               .subwords = floret.subwords};
  }

  const SourceHeader& header() const override { return header_; }
  ReaderFindings findings() const override { return rows_.findings(); }

  Result<void> next(RowBlock& block) override {
    const uint64_t first = rows_.rows();
    if (auto read = rows_.next(block, *header_.rows - first); !read) return read;
    for (size_t i = 0; i < block.rows; ++i) {
      if (block.token(i) == std::to_string(first + i)) continue;
      return fail(ErrorCode::kFormat, rows_.name(), ": line ", first + i + 2, ", byte ", block.begins[i],
                  ": row ", first + i, " should follow, not ", in_quotes(block.token(i)));
    }
    block.tokens.clear();
    return block.rows == 0 ? check_end() : Result<void>();
  }

 private:
  Result<void> check_end() {
    const auto more = rows_.count_lines();
    if (!more) return tl::make_unexpected(more.error());
    if (rows_.rows() == *header_.rows && *more == 0) return {};
    return fail(ErrorCode::kFormat, rows_.name(), ": byte ", rows_.position(), ": the first line promises ",
                *header_.rows, " rows, the file holds ", rows_.rows() + *more);
  }

  TextRows rows_;
  SourceHeader header_;
};

bool recognises(const FileStart& start) {
  const size_t line_end = start.bytes.substr(0, kMaxHeaderLine).find('\n');
  return line_end != std::string_view::npos && parse_header(start.bytes.substr(0, line_end));
}

Result<std::unique_ptr<RowReader>> open(const Source& source) {
  auto bytes = open_bytes(source.path());
  if (!bytes) return pass(bytes);
  return read_floret(std::move(*bytes));
}

}  // namespace

Result<std::unique_ptr<RowReader>> read_floret(std::unique_ptr<ByteSource> file) {
  ByteReader bytes(std::move(file), TextRows::kBufferBytes);
  const auto line_end = bytes.find('\n', kMaxHeaderLine);
  if (!line_end) return tl::make_unexpected(line_end.error());
  const auto line = bytes.peek(line_end->value_or(0));
  if (!line) return tl::make_unexpected(line.error());
  const auto header = *line_end ? parse_header(*line) : std::nullopt;
  if (!header) {
    return fail(ErrorCode::kFormat, bytes.name(),
                ": line 1, byte 0: no line \"BUCKETS DIM MIN_N MAX_N HASH_COUNT HASH_SEED BEGIN END\" with "
                "numbers that "
                "can be, and marks without spaces");
  }
  bytes.skip(**line_end + 1);
  // The least a row can take: its number, and a space and a digit for each value.
  const uint64_t most = (bytes.left() + 1) / (2 * static_cast<uint64_t>(header->dim) + 2);
  if (static_cast<uint64_t>(header->subwords.buckets) > most) {
    return fail(ErrorCode::kFormat, bytes.name(), ": byte 0: the first line promises ",
                header->subwords.buckets, " rows of ", header->dim, " values, but the ", bytes.left(),
                " bytes behind it can hold at most ", most);
  }
  TextRows rows(std::move(bytes), spaced_line_parser(header->dim), {.lines_before = 1});
  return std::make_unique<FloretReader>(std::move(rows), *header);
}

const Format kFloret = {
    .name = "floret",
    .about = "floret's text: a row per bucket of n-grams",
    .recognises = recognises,
    .open = open,
};

}  // namespace windrow::tools
