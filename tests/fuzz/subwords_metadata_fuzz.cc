// The input: how many rows a table has, then lines "key value" of its metadata below `windrow.subwords`, an empty line,
// and bytes that are a word and the buckets of a pruned model at the same time. Whatever is accepted comes back from
// what is written of it, and finds rows that the table has.

#include <windrow/subwords.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string>
#include <vector>

#include "fuzz/require.h"
#include "table/subwords.h"
#include "table/subwords_metadata.h"

using namespace windrow;

namespace {

std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

void require_rows(const Subwords& subwords, const uint8_t* kept_buckets, std::string_view word) {
  std::vector<int64_t> rows;
  append_subword_rows(SubwordRows(subwords, kept_buckets), word, rows);
  for (const int64_t row : rows) {
    const bool among = row >= subwords.first_row && row - subwords.first_row < subwords.rows();
    WINDROW_REQUIRE(among || (kept_buckets && row == kNoRow));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view first = take_line(text);
  int64_t rows = 0;
  std::from_chars(first.data(), first.data() + first.size(), rows);
  rows = std::max<int64_t>(rows, 0);
  std::map<std::string, std::string> metadata;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.empty()) break;
    const size_t space = std::min(line.find(' '), line.size());
    metadata["windrow.subwords" + std::string(line.substr(0, space))] =
        line.substr(std::min(space + 1, line.size()));
  }
  const auto subwords = read_subwords(metadata, rows);
  if (!subwords) {
    WINDROW_REQUIRE(!subwords.error().message.empty() && subwords.error().message.size() < 1000);
    return 0;
  }
  if (!*subwords) return 0;
  const auto list = subwords_metadata(**subwords);
  const auto again = read_subwords({list.begin(), list.end()}, rows);
  WINDROW_REQUIRE(again && *again == *subwords);
  const bool has_kept = !(*subwords)->kept || static_cast<uint64_t>(*(*subwords)->kept) <= text.size() / 8;
  if (!has_kept) return 0;  // the tensor's size is checked where it is found
  const auto* kept_buckets = (*subwords)->kept ? reinterpret_cast<const uint8_t*>(text.data()) : nullptr;
  for (const std::string_view word : {std::string_view("the"), std::string_view(), text.substr(0, 4096)})
    require_rows(**subwords, kept_buckets, word);
  return 0;
}
