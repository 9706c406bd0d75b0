#include "formats/floret.h"

#include <windrow/table.h>
#include <windrow/word_vectors.h>

#include "support/catch.h"
#include "tools/command.h"
#include "tools/vectors.h"

using namespace windrow;
using namespace windrow::tools;

namespace {

// Row r of 10 is (r, 100 r).
std::string ten_rows(const std::string& header = "10 2 3 4 2 2166136261 < >") {
  std::string text = header + "\n";
  for (int r = 0; r < 10; ++r) text += std::to_string(r) + " " + std::to_string(r) + " " + std::to_string(100 * r) + " \n";
  return text;
}

Vectors read(const std::string& text) { return read_vectors(read_floret(bytes_in_memory(text, "file"))); }

}  // namespace

TEST_CASE("floret: rows by number, and every word has a vector", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "v.floret", ten_rows());
  REQUIRE(windrow_command(folder, {"convert", "v.floret", "v.safetensors"}).status == 0);
  const auto table = Table::open(folder / "v.safetensors");
  REQUIRE(table);
  CHECK(table->vocabulary().size() == 0);
  REQUIRE(table->subwords());
  // `<é>` has 3 characters: itself as the word, and as its only n-gram. The first two of its four hashes, by formats of
  // MurmurHash3_x64_128 with floret's seed, are 3220458766 and 3388589014: rows 6 and 4.
  const std::string_view word = "\u00e9";
  std::vector<float> vector(2);
  REQUIRE(word_vectors(*table, {&word, 1}, RowsOut(vector, 2)));
  CHECK(vector == std::vector<float>{5, 500});
  // `<apple>`: rows 4 and 3 for the word; five n-grams of 3 and four of 4 characters besides.
  const auto rows = word_rows(*table, std::vector<std::string_view>{"apple"});
  REQUIRE(rows);
  REQUIRE(rows->ids.size() == 2 + 2 * (5 + 4));
  CHECK(rows->ids[0] == 2944390534 % 10);
  CHECK(rows->ids[1] == 3823770033 % 10);
  CHECK(windrow_command(folder, {"embed", "v.safetensors", "--unknown", "subwords"}).status == 0);
  CHECK(windrow_command(folder, {"nearest", "v.safetensors", "--token", "apple"}).says("no words that could be answers"));
}

TEST_CASE("floret: rows must be all there, in order", "[tools]") {
  CHECK(read(ten_rows()).values.size() == 20);
  std::string text = ten_rows();
  CHECK(contains(read(text.substr(0, text.rfind("\n9 ") + 1)).error, "the first line promises 10 rows"));
  CHECK(contains(read(text + "10 1 2\n").error, "the file holds 11"));
  std::string swapped = text;
  swapped.replace(swapped.find("\n3 "), 3, "\n4 ");
  CHECK(contains(read(swapped).error, "row 3 should follow, not '4'"));
  std::string named = text;
  named.replace(named.find("\n3 "), 3, "\nx ");
  CHECK(contains(read(named).error, "not 'x'"));
}

TEST_CASE("floret: a first line that cannot be", "[tools]") {
  for (const std::string header :
       {"10 2 3 4 2 1 <", "10 2 3 4 2 1 < > x", "10 2 3 4 5 1 < >", "10 2 3 4 0 1 < >", "10 2 4 3 2 1 < >",
        "0 2 3 4 2 1 < >", "10 0 3 4 2 1 < >", "10 2 3 4 2 4294967296 < >", "-1 2 3 4 2 1 < >"}) {
    CAPTURE(header);
    CHECK(contains(read(ten_rows(header)).error, "line 1, byte 0"));
  }
  CHECK(contains(read(ten_rows("18446744073709551615 2 3 4 2 1 < >")).error, "line 1"));
  CHECK(contains(read(ten_rows("100000 2 3 4 2 1 < >")).error, "can hold at most"));
  CHECK(contains(read("").error, "line 1"));
}

TEST_CASE("floret: cut at any byte it is an error", "[tools]") {
  const std::string text = ten_rows();
  for (size_t size = 0; size + 4 < text.size(); ++size) {
    CAPTURE(size);
    CHECK(!read(text.substr(0, size)).error.empty());
  }
}
