#include "format/npy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/fail.h"
#include "base/guard.h"
#include "format/text.h"

namespace windrow::npy {

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr uint64_t kVersionEnd = 8;  // magic, major, minor

// The header of a file is a Python dict literal. This reads exactly the grammar that numpy writes, in any
// order and spacing, and nothing else that Python would:
//
//   dict  = "{" [pair {"," pair} [","]] "}"
//   pair  = string ":" value                          string = '...' or "...", without escapes
//   value = string | "True" | "False" | tuple
//   tuple = "(" ")" | "(" int "," [int {"," int} [","]] ")"      int = digits, then "L" when Python 2 wrote
//   it
class DictReader {
 public:
  // `begin` is where the text starts in the file, for messages.
  DictReader(std::string_view text, uint64_t begin) : text_(text), begin_(begin) {}

  Result<void> read(Header& header) {
    if (!take('{')) return wrong("the header is not a Python dict");
    while (!take('}')) {
      if (auto pair = read_pair(header); !pair) return pair;
      if (take(',')) continue;
      if (!take('}')) return wrong("'}' or ',' expected in the header");
      break;
    }
    skip_space();
    if (at_ != text_.size()) return wrong("more text behind the header's dict");
    if (!has_descr_ || !has_order_ || !has_shape_) {
      return wrong("the header has no '",
                   !has_descr_   ? "descr"
                   : !has_order_ ? "fortran_order"
                                 : "shape",
                   "'");
    }
    return {};
  }

 private:
  template <class... Parts>
  tl::unexpected<Error> wrong(const Parts&... parts) const {
    return fail(ErrorCode::kFormat, parts..., " (byte ", begin_ + at_, ")");
  }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }

  // The next character that is no space; 0 at the end.
  char peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool take(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }

  bool take(std::string_view word) {
    skip_space();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  Result<std::string_view> read_string() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return wrong("a quoted string expected in the header");
    const size_t from = at_ + 1;
    const size_t to = text_.find(quote, from);
    if (to == text_.npos) return wrong("a string without closing quote in the header");
    const std::string_view found = text_.substr(from, to - from);
    if (found.find('\\') != found.npos) return wrong("a backslash in a string of the header");
    at_ = to + 1;
    return found;
  }

  Result<void> read_pair(Header& header) {
    const auto key = read_string();
    if (!key) return tl::make_unexpected(key.error());
    if (!take(':')) return wrong("':' expected in the header");
    if (*key == "descr") {
      if (std::exchange(has_descr_, true)) return wrong("the header has 'descr' twice");
      return read_descr(header);
    }
    if (*key == "fortran_order") {
      if (std::exchange(has_order_, true)) return wrong("the header has 'fortran_order' twice");
      return read_order(header);
    }
    if (*key == "shape") {
      if (std::exchange(has_shape_, true)) return wrong("the header has 'shape' twice");
      return read_shape(header);
    }
    return wrong("the header has the unknown key ", in_quotes(*key));
  }

  Result<void> read_descr(Header& header) {
    if (peek() == '[') {
      return fail(ErrorCode::kUnsupported,
                  "an array of records (structured dtype): save its columns as plain arrays (byte ",
                  begin_ + at_, ")");
    }
    const auto descr = read_string();
    if (!descr) return tl::make_unexpected(descr.error());
    header.descr = *descr;
    return {};
  }

  Result<void> read_order(Header& header) {
    if (take("True")) {
      header.fortran_order = true;
    } else if (!take("False")) {
      return wrong("'fortran_order' is neither True nor False");
    }
    return {};
  }

  Result<void> read_shape(Header& header) {
    if (!take('(')) return wrong("'shape' is not a tuple");
    while (!take(')')) {
      const auto extent = read_integer();
      if (!extent) return tl::make_unexpected(extent.error());
      header.shape.push_back(*extent);
      if (take(',')) continue;
      if (header.shape.size() == 1) return wrong("'shape' is not a tuple: (n) instead of (n,)");
      if (!take(')')) return wrong("')' or ',' expected in 'shape'");
      break;
    }
    return {};
  }

  Result<uint64_t> read_integer() {
    skip_space();
    const char* first = text_.data() + at_;
    const char* last = text_.data() + text_.size();
    uint64_t value = 0;
    const auto [end, problem] = std::from_chars(first, last, value);
    if (problem == std::errc::result_out_of_range) return wrong("a dimension above 2^64-1 in 'shape'");
    if (problem != std::errc()) return wrong("'shape' holds something else than digits");
    if (*first == '0' && end - first > 1) return wrong("a dimension with leading zeros in 'shape'");
    at_ += static_cast<size_t>(end - first);
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;
    return value;
  }

  std::string_view text_;
  uint64_t begin_;
  size_t at_ = 0;
  bool has_descr_ = false;
  bool has_order_ = false;
  bool has_shape_ = false;
};

// Bytes of one item: of the types that can be rows, ids or accumulators, in either byte order. V1 and V2 are
// how FP8 and bfloat16 arrive, whose names numpy does not know.
Result<uint64_t> item_bytes_of(std::string_view descr) {
  constexpr std::pair<std::string_view, uint64_t> kTypes[] = {
      {"f2", 2}, {"f4", 4}, {"f8", 8}, {"i1", 1}, {"u1", 1}, {"b1", 1}, {"i2", 2},
      {"u2", 2}, {"i4", 4}, {"u4", 4}, {"i8", 8}, {"u8", 8}, {"V1", 1}, {"V2", 2},
  };
  const char order = descr.empty() ? '\0' : descr.front();
  const bool has_order = order == '<' || order == '>' || order == '|' || order == '=';
  const std::string_view type = has_order ? descr.substr(1) : descr;
  if (type.starts_with('O')) {
    return fail(ErrorCode::kUnsupported, "an array of Python objects (descr ", in_quotes(descr),
                "): what follows is a pickle, which is never loaded; save numbers instead");
  }
  for (const auto& [name, bytes] : kTypes) {
    if (type != name) continue;
    const bool order_counts = bytes > 1 && type != "V2";
    if (!has_order || order == '=' || (order_counts && order == '|')) {
      return fail(ErrorCode::kUnsupported, "descr ", in_quotes(descr),
                  " does not say in which byte order the values are ('<' or '>')");
    }
    return bytes;
  }
  return fail(ErrorCode::kUnsupported, "values of type ", in_quotes(descr),
              " cannot be used; known are f2 f4 f8 i1 u1 i2 u2 i4 u4 i8 u8 b1 V1 V2");
}

Result<Header> parse_checked(std::span<const uint8_t> bytes, uint64_t file_bytes) {
  const auto length = header_bytes(bytes, file_bytes);
  if (!length) return tl::make_unexpected(length.error());
  if (bytes.size() < *length) {
    return fail(ErrorCode::kFormat, "only ", bytes.size(), " of the ", *length, " header bytes are there");
  }
  const uint64_t text_begin = kVersionEnd + (bytes[6] == 1 ? sizeof(uint16_t) : sizeof(uint32_t));
  const auto* text = reinterpret_cast<const char*>(bytes.data()) + text_begin;

  Header header;
  header.data_begin = *length;
  if (auto read = DictReader({text, *length - text_begin}, text_begin).read(header); !read) return pass(read);
  const auto item_bytes = item_bytes_of(header.descr);
  if (!item_bytes) return tl::make_unexpected(item_bytes.error());
  header.item_bytes = *item_bytes;
  std::optional<uint64_t> end = header.item_bytes;
  for (const uint64_t extent : header.shape) {
    end = checked_mul(*end, extent);
    if (!end) break;
  }
  if (end) {
    header.data_bytes = *end;
    end = checked_add(header.data_begin, header.data_bytes);
  }
  if (!end) {
    return fail(ErrorCode::kFormat, "an array of more than 2^64-1 bytes: ", header.descr, ", ",
                header.shape.size(), " dimensions");
  }
  if (*end > file_bytes) {
    return fail(ErrorCode::kFormat, "the file ends at byte ", file_bytes, ", its header promises ", *end,
                " bytes (truncated?)");
  }
  return header;
}

}  // namespace

bool Header::c_order() const {
  if (!fortran_order) return true;
  const auto is = [this](auto test) { return std::count_if(shape.begin(), shape.end(), test); };
  return is([](uint64_t extent) { return extent == 0; }) > 0 ||
         is([](uint64_t extent) { return extent > 1; }) < 2;
}

Result<uint64_t> header_bytes(std::span<const uint8_t> start, uint64_t file_bytes) {
  const auto cut = [&] { return fail(ErrorCode::kFormat, "the npy header is cut off at byte ", file_bytes); };
  const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
  if (!text.starts_with(kMagic))
    return fail(ErrorCode::kFormat, "not a npy file: it does not start with \\x93NUMPY");
  if (start.size() < kVersionEnd) return cut();
  const int major = start[6];
  const int minor = start[7];
  if (major < 1 || major > 3 || minor != 0) {
    return fail(ErrorCode::kFormat, "npy version ", major, ".", minor,
                " at byte 6; known are 1.0, 2.0 and 3.0");
  }
  const uint64_t text_begin = kVersionEnd + (major == 1 ? sizeof(uint16_t) : sizeof(uint32_t));
  if (start.size() < text_begin) return cut();
  const uint8_t* length = start.data() + kVersionEnd;
  const uint64_t bytes = text_begin + (major == 1 ? load<uint16_t>(length) : load<uint32_t>(length));
  if (bytes > kMaxHeaderBytes) {
    return fail(ErrorCode::kFormat, "a npy header of ", bytes, " bytes, above the limit of ",
                kMaxHeaderBytes);
  }
  if (bytes > file_bytes) return cut();
  return bytes;
}

Result<Header> parse(std::span<const uint8_t> bytes, uint64_t file_bytes) {
  return guard([&] { return parse_checked(bytes, file_bytes); });
}

}  // namespace windrow::npy
