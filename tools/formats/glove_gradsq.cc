#include "formats/glove_gradsq.h"

#include <cmath>

#include "base/fail.h"
#include "format/text.h"
#include "formats/numbers.h"

namespace windrow::tools {

namespace {

constexpr size_t kMaxTokenBytes = 64 * 1024;
constexpr uint64_t kMaxBytesPerValue = 128;  // on average, before a line is no longer believed to be one

}  // namespace

Result<std::string_view> parse_gradsq_line(std::string_view line, GlovePart part, std::span<double> sums) {
  const size_t dim = sums.size(), fields = 2 * (dim + 1);
  const size_t first = part == GlovePart::kWord ? 0 : dim + 1;
  size_t end = line.size();
  for (size_t k = fields; k-- > 0;) {
    const size_t space = end == 0 ? std::string_view::npos : line.rfind(' ', end - 1);
    if (space == std::string_view::npos) {
      return fail(ErrorCode::kFormat, "too few fields: ", fields - 1 - k,
                  " numbers behind the token, where rows of ", dim, " values need ", fields,
                  " (those of word and context, each with a bias)");
    }
    const std::string_view field = line.substr(space + 1, end - space - 1);
    const auto value = parse_double(field);
    if (!value || !std::isfinite(*value) || *value <= 0) {
      return fail(ErrorCode::kFormat, "field ", k + 1, " of ", fields,
                  " is no number above 0: ", in_quotes(field.substr(0, 32)));
    }
    if (k >= first && k < first + dim) sums[k - first] = *value;
    end = space;
  }
  if (end > kMaxTokenBytes)
    return fail(ErrorCode::kFormat, "a token of ", end, " bytes: this is no GloVe text");
  return line.substr(0, end);
}

Result<std::optional<GradsqLines::Line>> GradsqLines::next() {
  if (bytes_.left() == 0) return std::nullopt;
  line_begin_ = bytes_.position();
  ++line_number_;
  const uint64_t limit = kMaxTokenBytes + kMaxBytesPerValue * 2 * (dim_ + 1);
  const auto end = bytes_.find('\n', static_cast<size_t>(limit));
  if (!end) return tl::make_unexpected(end.error());
  if (!*end && bytes_.left() > limit)
    return fail(ErrorCode::kFormat, place(), "the line goes on for more than ", limit, " bytes");
  const size_t length = *end ? **end : static_cast<size_t>(bytes_.left());
  auto line = bytes_.peek(length);
  if (!line) return tl::make_unexpected(line.error());
  bytes_.skip(length + (*end ? 1 : 0));
  if (*end && line->ends_with('\r')) line->remove_suffix(1);
  while (line->ends_with(' ')) line->remove_suffix(1);
  if (line->empty() && bytes_.left() == 0) return std::nullopt;  // a blank last line
  return Line{line_begin_, *line};
}

std::string GradsqLines::place() const {
  return concat(bytes_.name(), ": line ", line_number_, ", byte ", line_begin_, ": ");
}

}  // namespace windrow::tools
