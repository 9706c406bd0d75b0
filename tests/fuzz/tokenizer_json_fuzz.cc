// The input is a whole tokenizer.json.

#include "formats/tokenizer_json.h"

#include "fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parsed = windrow::tools::parse_tokenizer_json({reinterpret_cast<const char*>(data), size});
  if (!parsed) {
    WINDROW_REQUIRE(!parsed.error().message.empty() && parsed.error().message.size() < 1000);
    return 0;
  }
  const auto& tokens = parsed->tokens;
  for (size_t t = 0; t < tokens.size(); ++t) {
    WINDROW_REQUIRE(tokens[t].first >= 0 && tokens[t].first < static_cast<int64_t>(size));
    WINDROW_REQUIRE(t == 0 || tokens[t - 1].first < tokens[t].first);
  }
  return 0;
}
