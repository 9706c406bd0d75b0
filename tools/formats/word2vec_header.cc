#include "formats/word2vec_header.h"

#include <limits>

#include "base/fail.h"
#include "formats/numbers.h"

namespace windrow::tools {

std::optional<Word2vecHeader> parse_word2vec_header(std::string_view line) {
  Word2vecHeader header;
  if (line.ends_with('\r')) {
    header.crlf = true;
    line.remove_suffix(1);
  }
  while (line.ends_with(' ')) line.remove_suffix(1);
  const size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto rows = parse_unsigned(line.substr(0, space));
  const auto dim = parse_unsigned(line.substr(space + 1));
  if (!rows || *rows > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  if (!dim || *dim == 0 || *dim > static_cast<uint64_t>(std::numeric_limits<int32_t>::max())) {
    return std::nullopt;
  }
  header.rows = *rows;
  header.dim = static_cast<size_t>(*dim);
  return header;
}

Result<Word2vecHeader> read_word2vec_header(ByteReader& reader) {
  const auto found = reader.find('\n', kMaxHeaderLine);
  if (!found) return tl::make_unexpected(found.error());
  if (!*found && reader.left() > kMaxHeaderLine) {
    return fail(ErrorCode::kFormat, reader.name(), ": byte 0: no line \"ROWS DIM\" at the start");
  }
  const size_t length = *found ? **found : static_cast<size_t>(reader.left());
  const auto line = reader.peek(length);
  if (!line) return tl::make_unexpected(line.error());
  const auto header = parse_word2vec_header(*line);
  if (!header) {
    return fail(ErrorCode::kFormat, reader.name(),
                ": byte 0: the first line must be \"ROWS DIM\", two whole ",
                "numbers, DIM from 1 to 2147483647");
  }
  reader.skip(length + (*found ? 1 : 0));
  return *header;
}

std::string word2vec_header_line(uint64_t rows, uint64_t max_rows, size_t dim) {
  const std::string number = std::to_string(rows);
  const size_t width = std::to_string(max_rows).size();
  const size_t zeros = width > number.size() ? width - number.size() : 0;
  return concat(std::string(zeros, '0'), number, " ", dim, "\n");
}

}  // namespace windrow::tools
