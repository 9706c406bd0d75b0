#include "formats/text_dim.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/fail.h"
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

using Lines = std::vector<std::string_view>;

size_t spaces_in(std::string_view line) {
  return static_cast<size_t>(std::count(line.begin(), line.end(), ' '));
}

std::string_view first_field(std::string_view line) {
  return line.substr(0, line.find(' '));
}

std::string_view second_field(std::string_view line) {
  line.remove_prefix(line.find(' ') + 1);
  return first_field(line);
}

// How many numbers stand at the end of the line before its last `fields` fields, and behind the first.
size_t numbers_at_end(std::string_view line, size_t fields = 0) {
  for (; fields > 0; --fields) line = line.substr(0, line.rfind(' '));
  for (size_t count = 0;; ++count) {
    const size_t space = line.rfind(' ');
    if (space == std::string_view::npos || !parse_float(line.substr(space + 1))) return count;
    line = line.substr(0, space);
  }
}

// The first of the most frequent, zeros left out.
size_t most_frequent(const Lines& lines, size_t (*number_of)(std::string_view)) {
  std::map<size_t, size_t> counts;
  for (const std::string_view line : lines) ++counts[number_of(line)];
  counts.erase(0);
  const auto less = [](const auto& a, const auto& b) { return a.second < b.second; };
  return counts.empty() ? 0 : std::max_element(counts.begin(), counts.end(), less)->first;
}

bool first_fields_repeat(const Lines& lines) {
  std::unordered_map<std::string_view, size_t> counts;
  for (const std::string_view line : lines) ++counts[first_field(line)];
  const auto repeated = std::count_if(lines.begin(), lines.end(),
                                      [&](std::string_view line) { return counts[first_field(line)] > 1; });
  return 2 * static_cast<size_t>(repeated) > lines.size();
}

// GloVe's and word2vec's separator is the space alone.
Result<void> check_no_tabs(const ByteReader& bytes, const Lines& lines) {
  const auto ends_in_tab = [](std::string_view line) {
    const std::string_view field = first_field(line);
    const size_t tab = field.rfind('\t');
    return tab != std::string_view::npos && parse_float(field.substr(tab + 1)).has_value();
  };
  if (lines.empty() || !std::all_of(lines.begin(), lines.end(), ends_in_tab)) return {};
  return fail(ErrorCode::kFormat, bytes.name(), ": byte ", bytes.position(),
              ": tabs stand between tokens and values, where this format has spaces: put them there with "
              "`tr '\\t' ' '`");
}

}  // namespace

Result<size_t> find_text_dim(ByteReader& bytes) {
  const auto lines = next_lines(bytes);
  if (!lines) return tl::make_unexpected(lines.error());
  if (auto fit = check_no_tabs(bytes, *lines); !fit) return pass(fit);
  const size_t dim = most_frequent(*lines, [](std::string_view line) { return numbers_at_end(line); });
  if (dim == 0) return most_frequent(*lines, spaces_in);  // none is a row, and the reader says why
  const auto has_number = [](std::string_view line) {
    return parse_unsigned(second_field(line)).has_value();
  };
  const bool in_token =
      dim > 1 && first_fields_repeat(*lines) && std::all_of(lines->begin(), lines->end(), has_number);
  return in_token ? dim - 1 : dim;
}

Result<size_t> check_text_dim(ByteReader& bytes, size_t declared) {
  const auto lines = next_lines(bytes);
  if (!lines) return tl::make_unexpected(lines.error());
  if (auto fit = check_no_tabs(bytes, *lines); !fit) return pass(fit);
  Lines shorter;
  for (const std::string_view line : *lines) {
    if (spaces_in(line) < declared) shorter.push_back(line);
  }
  if (2 * shorter.size() > lines->size()) return most_frequent(shorter, spaces_in);
  if (!shorter.empty() || lines->size() < 2 || first_fields_repeat(*lines)) return declared;
  const size_t more = numbers_at_end(lines->front(), declared);
  const bool all = std::all_of(lines->begin() + 1, lines->end(),
                               [&](std::string_view line) { return numbers_at_end(line, declared) == more; });
  return all ? declared + more : declared;
}

}  // namespace windrow::tools
