#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace examples::factorize {

// How the lines of a log are made up: what stands between fields, and which field is what.
struct LineFormat {
  std::string separator;  // empty: any number of spaces
  bool header = false;
  size_t user = 0, item = 1;
  std::optional<size_t> rating, time;

  // "tabs, no header: user, item, rating, time"
  std::string description() const;
};

// Splits a line, without its end, into fields. Between commas or semicolons a field may stand in double quotes, with
// two of them for one (RFC 4180); such fields are copied into `unquoted`, which must outlive them. False: a quote is
// open or stands amid a field.
bool split_line(std::string_view line, std::string_view separator, std::vector<std::string_view>& fields,
                std::vector<std::string>& unquoted);

// What the first two lines tell. A header is known by "user" (or "uid") and another word, or by words where numbers
// belong. Without one the fields are user, item, rating and time; a third that is the last is a time if it is a whole
// number above 10,000,000. Nothing when there are fewer than two fields.
std::optional<LineFormat> detect_format(std::string_view first, std::string_view second);

std::optional<double> parse_number(std::string_view text);

}  // namespace examples::factorize
