#include "factorize_line.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace examples::factorize {

namespace {

// Seconds since 1970 are above this from April of that year on, and no rating is.
constexpr double kEarliestTime = 1e7;

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string detect_separator(std::string_view line) {
  for (const char* separator : {"\t", "::", ",", ";"}) {
    if (line.find(separator) != std::string_view::npos) return separator;
  }
  return "";
}

bool begins_with_any(std::string_view field, std::initializer_list<std::string_view> beginnings) {
  std::string lower(field);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::any_of(beginnings.begin(), beginnings.end(), [&](auto word) { return lower.starts_with(word); });
}

bool is_user(std::string_view field) { return begins_with_any(field, {"user", "uid", "customer", "visitor"}); }
bool is_item(std::string_view field) {
  return begins_with_any(
      field, {"item", "iid", "movie", "product", "track", "song", "artist", "book", "isbn", "article"});
}
bool is_rating(std::string_view field) {
  return begins_with_any(field, {"rating", "score", "stars", "click", "value", "weight", "count"});
}
bool is_time(std::string_view field) { return begins_with_any(field, {"time", "ts", "date", "unix"}); }

template <class Test>
std::optional<size_t> find(const std::vector<std::string_view>& fields, Test test) {
  const auto found = std::find_if(fields.begin(), fields.end(), test);
  if (found == fields.end()) return std::nullopt;
  return static_cast<size_t>(found - fields.begin());
}

// The quoted field at `begin`; returns the position behind it, or npos.
size_t take_quoted(std::string_view line, size_t begin, std::string& field) {
  for (size_t i = begin + 1; i < line.size(); ++i) {
    if (line[i] != '"') {
      field += line[i];
    } else if (i + 1 < line.size() && line[i + 1] == '"') {
      field += line[i++];
    } else {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool split_line(std::string_view line, std::string_view separator, std::vector<std::string_view>& fields,
                std::vector<std::string>& unquoted) {
  fields.clear();
  unquoted.clear();
  unquoted.reserve(line.size() / 2 + 1);  // a field has a quote at each end: no copy moves when another comes
  if (separator.empty()) {
    for (size_t i = 0; i < line.size();) {
      const size_t end = std::min(line.find_first_of(" \t", i), line.size());
      if (end > i) fields.push_back(line.substr(i, end - i));
      i = end + 1;
    }
    return true;
  }
  const bool quotes = separator == "," || separator == ";";
  for (size_t begin = 0;;) {
    size_t end;
    if (quotes && begin < line.size() && line[begin] == '"') {
      end = take_quoted(line, begin, unquoted.emplace_back());
      if (end == std::string_view::npos || (end < line.size() && line[end] != separator[0])) return false;
      fields.push_back(unquoted.back());
    } else {
      end = std::min(line.find(separator, begin), line.size());
      fields.push_back(trimmed(line.substr(begin, end - begin)));
    }
    if (end >= line.size()) return true;
    begin = end + separator.size();
  }
}

std::optional<LineFormat> detect_format(std::string_view first, std::string_view second) {
  LineFormat format;
  format.separator = detect_separator(first);
  std::vector<std::string_view> fields, below;
  std::vector<std::string> unquoted, unquoted_below;
  if (!split_line(first, format.separator, fields, unquoted) || fields.size() < 2) return std::nullopt;
  const bool is_split = split_line(second, format.separator, below, unquoted_below);

  const auto user = find(fields, is_user);
  const auto item = find(fields, is_item);
  const auto is_number = [](std::string_view field) { return parse_number(field).has_value(); };
  const bool words_above_numbers = fields.size() > 2 && !is_number(fields[2]) && is_split && below.size() > 2 &&
                                   is_number(below[2]);
  const bool named = user && std::none_of(fields.begin(), fields.end(), is_number) &&
                     (item || find(fields, is_rating) || find(fields, is_time));
  format.header = named || words_above_numbers;
  if (named) {
    format.user = *user;
    format.item = item ? *item : (*user == 0 ? 1 : 0);
    format.rating = find(fields, is_rating);
    format.time = find(fields, is_time);
    return format;
  }
  const auto& values = format.header ? below : fields;
  if (fields.size() > 3) format.time = 3;
  if (fields.size() == 2) return format;
  const auto third = parse_number(values[2]);
  const bool is_a_time = fields.size() == 3 && third && *third > kEarliestTime && *third == std::floor(*third);
  (is_a_time ? format.time : format.rating) = 2;
  return format;
}

std::string LineFormat::description() const {
  std::string text = separator;
  for (const auto& [sign, name] : {std::pair{"\t", "tabs"}, {",", "commas"}, {";", "semicolons"}, {"", "spaces"}}) {
    if (separator == sign) text = name;
  }
  text += header ? ", a header" : ", no header";
  std::vector<std::pair<size_t, const char*>> columns = {{user, "user"}, {item, "item"}};
  if (rating) columns.emplace_back(*rating, "rating");
  if (time) columns.emplace_back(*time, "time");
  std::sort(columns.begin(), columns.end());
  const char* before = ": ";
  for (const auto& [number, name] : columns) {
    text += before;
    text += name;
    before = ", ";
  }
  return text;
}

}  // namespace examples::factorize
