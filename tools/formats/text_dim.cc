#include "formats/text_dim.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include "formats/line_parser.h"
#include "formats/numbers.h"

namespace windrow::tools {

namespace {

// The next lines, without their ends, trailing spaces, and those that have one field only.
Result<std::vector<std::string_view>> next_lines(ByteReader& bytes) {
  constexpr size_t kLines = 1000;
  constexpr size_t kMaxFirstLine = 64 << 20, kWanted = 4 << 20;
  const auto first = bytes.find('\n', kMaxFirstLine);  // at least one whole line
  if (!first) return tl::make_unexpected(first.error());
  const auto peeked = bytes.peek(std::max(*first ? **first + 1 : kMaxFirstLine, kWanted));
  if (!peeked) return tl::make_unexpected(peeked.error());
  const bool all = peeked->size() == bytes.left();
  std::vector<std::string_view> lines;
  for (std::string_view text = *peeked; lines.size() < kLines && !text.empty();) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos && !all) break;
    bool crlf;
    const std::string_view line = trim_line(text.substr(0, end), crlf);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.find(' ') != std::string_view::npos) lines.push_back(line);
  }
  return lines;
}

size_t spaces_in(std::string_view line) {
  return static_cast<size_t>(std::count(line.begin(), line.end(), ' '));
}

size_t most_frequent(const std::vector<size_t>& numbers) {
  std::map<size_t, size_t> counts;
  for (const size_t number : numbers) ++counts[number];
  const auto less = [](const auto& a, const auto& b) { return a.second < b.second; };
  return counts.empty() ? 0
                        : std::max_element(counts.begin(), counts.end(), less)->first;  // the first of equals
}

// How many numbers stand at the end of the line before its last `fields` fields, and behind the first.
size_t more_numbers(std::string_view line, size_t fields) {
  for (; fields > 0; --fields) line = line.substr(0, line.rfind(' '));
  size_t count = 0;
  while (true) {
    const size_t space = line.rfind(' ');
    if (space == std::string_view::npos || !parse_float(line.substr(space + 1))) return count;
    ++count;
    line = line.substr(0, space);
  }
}

}  // namespace

Result<TextDim> find_text_dim(ByteReader& bytes) {
  const auto lines = next_lines(bytes);
  if (!lines) return tl::make_unexpected(lines.error());
  std::vector<size_t> spaces(lines->size());
  std::transform(lines->begin(), lines->end(), spaces.begin(), spaces_in);
  return TextDim{most_frequent(spaces), lines->size()};
}

Result<size_t> check_text_dim(ByteReader& bytes, size_t declared) {
  const auto lines = next_lines(bytes);
  if (!lines) return tl::make_unexpected(lines.error());
  std::vector<size_t> fewer;
  for (const std::string_view line : *lines) {
    if (const size_t spaces = spaces_in(line); spaces < declared) fewer.push_back(spaces);
  }
  if (2 * fewer.size() > lines->size()) return most_frequent(fewer);
  if (!fewer.empty() || lines->size() < 2) return declared;
  const size_t more = more_numbers(lines->front(), declared);
  const bool all = std::all_of(lines->begin() + 1, lines->end(),
                               [&](std::string_view line) { return more_numbers(line, declared) == more; });
  return all ? declared + more : declared;
}

}  // namespace windrow::tools
