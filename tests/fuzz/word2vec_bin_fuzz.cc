// The input is a whole word2vec binary file. What is read, and written again, must be read as the same bytes.

#include "formats/word2vec_bin.h"

#include <vector>

#include "formats/word2vec_header.h"
#include "fuzz/require.h"

using namespace windrow;
using namespace windrow::tools;

namespace {

// The file with our own habits; nothing when it cannot be read.
Result<std::string> rewritten(std::string_view bytes) {
  auto reader = read_word2vec_bin(bytes_in_memory(bytes));
  if (!reader) return tl::make_unexpected(reader.error());
  const SourceHeader& header = (*reader)->header();
  std::string text = word2vec_header_line(*header.rows, *header.rows, header.dim);
  uint64_t rows = 0;
  RowBlock block;
  while (true) {
    if (const auto read = (*reader)->next(block); !read) return tl::make_unexpected(read.error());
    if (block.rows == 0) break;
    rows += block.rows;
    for (size_t i = 0; i < block.rows; ++i) {
      WINDROW_REQUIRE(fits_word2vec_bin(block.token(i)));
      append_binary_row(text, block.token(i), block.row(i), block.dim);
    }
  }
  WINDROW_REQUIRE(rows == *header.rows);
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto once = rewritten({reinterpret_cast<const char*>(data), size});
  if (!once) {
    WINDROW_REQUIRE(!once.error().message.empty() && once.error().message.size() < 1000);
    return 0;
  }
  const auto twice = rewritten(*once);
  WINDROW_REQUIRE(twice.has_value() && *twice == *once);
  return 0;
}
