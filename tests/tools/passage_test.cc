#include "passage.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "format/text.h"
#include "support/catch.h"
#include "tools/command.h"

using namespace windrow;
using namespace windrow::tools;

namespace {

const std::string kFourRows = "4 4\na 3 0 4 9\nb 0 0 0 9\nc\xff 6 8 0 9\na 1 1 1 9\n";

Outcome convert_with(const TemporaryFolder& folder, const std::vector<std::string>& options) {
  write_bytes(folder / "a.txt", kFourRows);
  std::vector<std::string> arguments = {"convert", "a.txt", "t.npy"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return windrow_command(folder, arguments);
}

}  // namespace

TEST_CASE("convert: columns are cut out and rows made length 1 behind that", "[tools]") {
  const TemporaryFolder folder;
  REQUIRE(convert_with(folder, {"--columns", "0:3", "--normalize"}).status == 0);
  const Matrix matrix = read_matrix(folder / "t.npy");
  CHECK(matrix.shape == std::vector<uint64_t>{3, 3});
  CHECK(matrix.values == std::vector<float>{0.6f, 0, 0.8f, 0, 0, 0, 0.6f, 0.8f, 0});
}

TEST_CASE("convert: columns that are not there are refused", "[tools]") {
  const TemporaryFolder folder;
  const auto beyond = convert_with(folder, {"--columns", "2:5"});
  CHECK(beyond.status == 1);
  CHECK(beyond.says("columns 2:5 were asked for, and rows have 4"));
  for (const char* wrong : {"2", "2:2", "3:2", "a:3", "2:", ":2", "-1:2"}) {
    CAPTURE(wrong);
    CHECK(convert_with(folder, {std::string("--columns=") + wrong}).status == 2);
  }
  CHECK(folder.entries() == 1);
}

TEST_CASE("convert: rows with a token that was there before are left out, kept, or an error", "[tools]") {
  const TemporaryFolder folder;
  REQUIRE(convert_with(folder, {}).status == 0);
  CHECK(read_matrix(folder / "t.npy").shape[0] == 3);
  REQUIRE(convert_with(folder, {"--drop-duplicates", "keep-all"}).status == 0);
  CHECK(read_matrix(folder / "t.npy").shape[0] == 4);
  const auto refused = convert_with(folder, {"--drop-duplicates", "error"});
  CHECK(refused.status == 1);
  CHECK(refused.says("row 3, byte 35: the token 'a' was there before"));
}

TEST_CASE("convert: tokens that are not UTF-8 are kept, replaced, or an error", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "a.txt", kFourRows);
  const auto token_after = [&](const std::string& policy) {
    const auto outcome = windrow_command(folder, {"convert", "a.txt", "b.txt", "--bad-utf8", policy});
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    const std::string text = read_text(folder / "b.txt");
    const size_t at = text.find("\nc");
    return text.substr(at + 1, text.find(' ', at) - at - 1);
  };
  CHECK(token_after("keep") == "c\xff");
  CHECK(token_after("replace") == "c\xef\xbf\xbd");
  const auto refused = convert_with(folder, {"--bad-utf8", "error"});
  CHECK(refused.status == 1);
  CHECK(refused.says("row 2, byte 24: the token 'c\\xFF' is not valid UTF-8"));
}

TEST_CASE("with_valid_utf8: each bad byte becomes U+FFFD", "[tools]") {
  CHECK(with_valid_utf8("") == "");
  CHECK(with_valid_utf8("h\xc3\xa9") == "h\xc3\xa9");
  CHECK(with_valid_utf8("\xe3\x83") == "\xef\xbf\xbd\xef\xbf\xbd");
  CHECK(with_valid_utf8("a\xff" "b") == "a\xef\xbf\xbd" "b");
}

TEST_CASE("token set: many tokens, each new once", "[tools]") {
  TokenSet set;
  bool all = true;
  for (int round = 0; round < 2; ++round) {
    for (int t = 0; t < 20'000; ++t) all = all && set.insert("token" + std::to_string(t)) == (round == 0);
  }
  CHECK(all);
  CHECK(set.size() == 20'000);
  CHECK(set.insert(""));
  CHECK(!set.insert(""));
  CHECK(!set.contains("other"));
}
