// The first byte of the input is the dim, less one; the rest is a file of `glove -save-gradsq`. What is read of each
// line for both parts, and written again, must be read as the same.

#include "formats/glove_gradsq.h"

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "fuzz/require.h"

using namespace windrow;
using namespace windrow::tools;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t dim = size_t{data[0]} + 1;
  const std::string_view file(reinterpret_cast<const char*>(data) + 1, size - 1);
  GradsqLines lines(bytes_in_memory(file), dim);
  std::vector<double> word(dim), context(dim), again(dim);
  while (true) {
    const auto line = lines.next();
    if (!line) {
      WINDROW_REQUIRE(!line.error().message.empty() && line.error().message.size() < 1000);
      return 0;
    }
    if (!*line) return 0;
    const std::string_view text = (*line)->text;
    WINDROW_REQUIRE((*line)->begin <= file.size() && file.substr((*line)->begin, text.size()) == text);
    const auto token = parse_gradsq_line(text, GlovePart::kWord, word);
    const auto same = parse_gradsq_line(text, GlovePart::kContext, context);
    WINDROW_REQUIRE(token.has_value() == same.has_value());
    if (!token) {
      WINDROW_REQUIRE(!token.error().message.empty() && token.error().message.size() < 1000);
      continue;
    }
    WINDROW_REQUIRE(*token == *same && text.starts_with(*token));
    std::string written(*token);
    for (const auto* part : {&word, &context}) {
      char number[32];
      for (const double value : *part) {
        WINDROW_REQUIRE(std::isfinite(value) && value > 0);
        std::snprintf(number, sizeof(number), " %.17g", value);
        written += number;
      }
      written += " 1";  // the bias
    }
    const auto read = parse_gradsq_line(written, GlovePart::kContext, again);
    WINDROW_REQUIRE(read.has_value() && *read == *token && again == context);
  }
}
