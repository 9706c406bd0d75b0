// The input is a whole word2vec text file. What is read, and written again as text, must be read as the same.

#include "formats/word2vec_text.h"

#include <cmath>
#include <cstring>
#include <vector>

#include "formats/word2vec_header.h"
#include "fuzz/require.h"
#include "support/text_row.h"

using namespace windrow;
using namespace windrow::tools;

namespace {

struct Rows {
  std::vector<std::string> tokens;
  std::vector<float> values;
  size_t dim = 0;
};

Result<Rows> read_all(std::string_view text) {
  auto reader = read_word2vec_text(bytes_in_memory(text));
  if (!reader) return tl::make_unexpected(reader.error());
  Rows rows;
  rows.dim = (*reader)->header().dim;
  RowBlock block;
  while (true) {
    if (const auto read = (*reader)->next(block); !read) return tl::make_unexpected(read.error());
    if (block.rows == 0) return rows;
    for (size_t i = 0; i < block.rows; ++i) rows.tokens.emplace_back(block.token(i));
    rows.values.insert(rows.values.end(), block.values.begin(), block.values.end());
  }
}

bool same(float a, float b) {
  return std::isnan(a) ? std::isnan(b) : std::memcmp(&a, &b, sizeof(a)) == 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto rows = read_all({reinterpret_cast<const char*>(data), size});
  if (!rows) {
    WINDROW_REQUIRE(!rows.error().message.empty() && rows.error().message.size() < 1000);
    return 0;
  }
  WINDROW_REQUIRE(rows->values.size() == rows->tokens.size() * rows->dim);
  std::string text = word2vec_header_line(rows->tokens.size(), rows->tokens.size(), rows->dim);
  for (size_t i = 0; i < rows->tokens.size(); ++i) {
    WINDROW_REQUIRE(rows->tokens[i].size() <= kMaxTokenBytes);
    append_text_row(text, rows->tokens[i], rows->values.data() + i * rows->dim, rows->dim);
  }
  const auto again = read_all(text);
  WINDROW_REQUIRE(again.has_value());
  WINDROW_REQUIRE(again->tokens == rows->tokens && again->values.size() == rows->values.size());
  for (size_t i = 0; i < rows->values.size(); ++i) WINDROW_REQUIRE(same(again->values[i], rows->values[i]));
  return 0;
}
