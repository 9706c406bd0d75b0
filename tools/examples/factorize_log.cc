#include "factorize_log.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "example_progress.h"
#include "factorize_line.h"

namespace examples::factorize {

namespace {

constexpr size_t kLinesPerLook = 4096;  // at the clock

class Reader {
 public:
  Reader(const std::string& path, const LogOptions& options) : path_(path), options_(options) {}
  Result<Log> read();

 private:
  Result<void> begin(const std::string& first, const std::string& second);
  Result<void> add(std::string_view line, size_t number);
  // What is wrong with the line, or null.
  const char* parse(std::string_view line);

  const std::string& path_;
  const LogOptions& options_;
  LineFormat format_;
  Log log_;
  std::vector<std::string_view> fields_;
  std::vector<std::string> unquoted_;
};

Result<void> Reader::begin(const std::string& first, const std::string& second) {
  const auto format = detect_format(first, second);
  if (!format) {
    return fail(windrow::ErrorCode::kFormat,
                path_ + ": line 1: neither tabs, commas, semicolons, :: nor spaces part a user from an item");
  }
  format_ = *format;
  log_.format = format->description();
  log_.has_times = format->time.has_value();
  if (options_.min_rating && !format->rating) {
    return fail(windrow::ErrorCode::kInvalidArgument,
                path_ + ": no column of ratings for --min-rating; found " + log_.format);
  }
  return {};
}

const char* Reader::parse(std::string_view line) {
  if (!split_line(line, format_.separator, fields_, unquoted_)) return "a quote that is not closed at the field's end";
  const size_t last = std::max({format_.user, format_.item, format_.rating.value_or(0), format_.time.value_or(0)});
  if (fields_.size() <= last) return "too few fields";
  const auto user = fields_[format_.user], item = fields_[format_.item];
  if (user.empty()) return "an empty user";
  if (item.empty()) return "an empty item";
  double time = 0;
  if (format_.time) {
    const auto number = parse_number(fields_[*format_.time]);
    if (!number) return "a time that is not a number (such as seconds since 1970)";
    time = *number;
  }
  if (format_.rating) {
    const auto rating = parse_number(fields_[*format_.rating]);
    if (!rating) return "a rating that is not a number";
    if (options_.min_rating && *rating < *options_.min_rating) {
      ++log_.lines;
      ++log_.low;
      return nullptr;
    }
  }
  ++log_.lines;
  log_.interactions.push_back({log_.users.number(user), log_.items.number(item), time});
  return nullptr;
}

Result<void> Reader::add(std::string_view line, size_t number) {
  if (line.empty() || (number == 1 && format_.header)) return {};
  const char* wrong = parse(line);
  if (wrong && !options_.lenient) {
    return fail(windrow::ErrorCode::kFormat, path_ + ": line " + std::to_string(number) + ": " + wrong + "; expected " +
                                                 log_.format + " (--lenient leaves such lines out)");
  }
  if (wrong) ++log_.malformed;
  return {};
}

void remove_carriage_return(std::string& line) {
  if (!line.empty() && line.back() == '\r') line.pop_back();
}

Result<Log> Reader::read() {
  errno = 0;
  std::ifstream file(path_, std::ios::binary);
  if (!file) return fail_system(errno, path_, "open");
  std::error_code unknown;
  const auto size = static_cast<double>(std::filesystem::file_size(path_, unknown));
  Progress progress(size, "bytes");

  std::string first, second;
  std::getline(file, first);
  if (first.starts_with("\xef\xbb\xbf")) first.erase(0, 3);  // a byte order mark
  remove_carriage_return(first);
  const bool has_second = static_cast<bool>(std::getline(file, second));
  remove_carriage_return(second);
  if (file.bad()) return fail_system(errno, path_, "read");
  if (first.empty() && !has_second) return fail(windrow::ErrorCode::kFormat, path_ + ": an empty file");
  if (auto begun = begin(first, second); !begun) return pass(begun);
  if (auto added = add(first, 1); !added) return pass(added);
  if (auto added = add(second, 2); !added) return pass(added);
  size_t number = 2;
  auto bytes = static_cast<double>(first.size() + second.size());
  for (std::string line; std::getline(file, line);) {
    bytes += static_cast<double>(line.size() + 1);
    if (++number % kLinesPerLook == 0 && !unknown) progress.at("reading", bytes / size);
    remove_carriage_return(line);
    if (auto added = add(line, number); !added) return pass(added);
  }
  if (file.bad()) return fail_system(errno, path_, "read");
  return std::move(log_);
}

}  // namespace

Result<Log> read_log(const std::string& path, const LogOptions& options) { return Reader(path, options).read(); }

}  // namespace examples::factorize
