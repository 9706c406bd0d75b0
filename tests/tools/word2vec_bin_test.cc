#include "formats/word2vec_bin.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "formats/word2vec_header.h"
#include "support/catch.h"
#include "tools/command.h"
#include "tools/vectors.h"

using namespace windrow::tools;

namespace {

Vectors read(std::string_view bytes) {
  return read_vectors(read_word2vec_bin(bytes_in_memory(bytes, "v.bin")));
}

std::string floats(const std::vector<float>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

void check_fails(std::string_view bytes, std::string_view message) {
  const Vectors vectors = read(bytes);
  INFO(vectors.error);
  CHECK(contains(vectors.error, message));
}

// A float whose first byte is the given one.
float starting_with(uint8_t byte) {
  const uint32_t bits = 0x3f800000u | byte;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

}  // namespace

TEST_CASE("word2vec binary: with line feeds, without, and mixed", "[tools]") {
  const std::vector<float> values = {starting_with('\n'), 2, starting_with(' '), 4, 5, starting_with('\n')};
  const std::string a = "</s> " + floats({values[0], values[1]}), b = " " + floats({values[2], values[3]}),
                    c = "caf\xC3 " + floats({values[4], values[5]});
  for (const std::string& bytes :
       {"3 2\n" + a + b + c, "3 2\n" + a + "\n" + b + "\n" + c + "\n", "3 2\n" + a + "\n" + b + c,
        "3 2\r\n" + a + b + "\n" + c, "003 2\n" + a + b + c + "\n"}) {
    const Vectors vectors = read(bytes);
    CHECK(vectors.error.empty());
    CHECK(vectors.tokens == std::vector<std::string>{"</s>", "", "caf\xC3"});
    CHECK(vectors.values == values);
  }
}

TEST_CASE("word2vec binary: a file out of step is noticed", "[tools]") {
  const std::string row = floats({1, 2});
  check_fails("2 2\nNew York " + row + "x " + row, "out of step");
  check_fails("2 2\na " + row + std::string("\x01") + "b " + row,
              "row 1, byte 14: out of step (control characters");
  check_fails("1 2\n" + std::string(kMaxTokenBytes + 1, 't') + " " + row, "no space ends the token");
  check_fails("1 2\n" + std::string(9, 't'), "no space ends the token");
}

TEST_CASE("word2vec binary: a first line that lies is refused with both numbers", "[tools]") {
  const std::string row = floats({1, 2});
  check_fails("2 2\nlong_enough_token " + row, "promises 2 rows, the file holds 1");
  check_fails("9 2\na " + row, "promises 9 rows of 2 values, but the 10 bytes behind it can hold at most 1");
  check_fails("9223372036854775807 2\na " + row, "promises 9223372036854775807 rows");
  check_fails("1 2\na " + row + "\nb " + row, "promises 1 rows of 2 values, but 11 bytes follow them");
  check_fails("1 2\na " + row + "\n\n", "but 2 bytes follow");
  check_fails("1 2\nabcdef " + row.substr(0, 7), "the file ends inside of it, after 14 bytes; of 1 rows promised, 0 are whole");
  check_fails("1 0\na ", "byte 0");
  check_fails("-1 2\n", "byte 0");
}

TEST_CASE("word2vec binary: every cut of a file is an error, and so is every byte too many", "[tools]") {
  std::string bytes = "2 2\n";
  append_binary_row(bytes, "first", std::vector<float>{1, 2}.data(), 2);
  append_binary_row(bytes, "second", std::vector<float>{3, 4}.data(), 2);
  CHECK(read(bytes).error.empty());
  CHECK(read(bytes.substr(0, bytes.size() - 1)).error.empty());  // the last line feed is optional
  for (size_t length = 0; length + 1 < bytes.size(); ++length) {
    CAPTURE(length);
    CHECK(!read(bytes.substr(0, length)).error.empty());
  }
  CHECK(!read(bytes + "x").error.empty());
}

TEST_CASE("word2vec binary: which tokens it can hold", "[tools]") {
  for (const char* token : {"", "a", "</s>", "\xFF", "a\xC2\xA0"}) CHECK(fits_word2vec_bin(token));
  for (const char* token : {"a b", " ", "a\n", "a\tb", "\x01"}) CHECK(!fits_word2vec_bin(token));
  CHECK(fits_word2vec_bin(std::string(kMaxTokenBytes, 'a')));
  CHECK(!fits_word2vec_bin(std::string(kMaxTokenBytes + 1, 'a')));
}

TEST_CASE("word2vec header: a new file's first line keeps its width", "[tools]") {
  CHECK(word2vec_header_line(7, 1234, 3) == "0007 3\n");
  CHECK(word2vec_header_line(1234, 1234, 3) == "1234 3\n");
  CHECK(parse_word2vec_header("0007 3")->rows == 7);
}

TEST_CASE("word2vec-bin: lenient, the rows that are whole are taken", "[tools]") {
  const auto row = [](const std::string& token, float value) {
    return token + " " + std::string(reinterpret_cast<const char*>(&value), 4) + "\n";
  };
  const auto lenient = [](const std::string& bytes) {
    return read_vectors(read_word2vec_bin(bytes_in_memory(bytes), true));
  };
  const std::string two = row("a", 1) + row("b", 2);
  CHECK(!read_vectors(read_word2vec_bin(bytes_in_memory("3 1\n" + two))).error.empty());
  CHECK(lenient("3 1\n" + two).tokens.size() == 2);
  CHECK(lenient("1 1\n" + two).tokens.size() == 1);
  CHECK(lenient("99999999999 1\n" + two).tokens.size() == 2);
  for (size_t cut = 1; cut < row("b", 2).size() - 1; ++cut) {
    CAPTURE(cut);
    const auto got = lenient("2 1\n" + two.substr(0, two.size() - 1 - cut));
    CHECK(got.error == "");
    CHECK(got.tokens == std::vector<std::string>{"a"});
  }
}

TEST_CASE("convert: word2vec binary with and without line ends, and tokens that it cannot hold", "[tools]") {
  const TemporaryFolder folder;
  const std::string one = floats({1}), two = floats({2}), three = floats({3});
  write_bytes(folder / "v.txt", "3 1\na 1\nNew York 2\n\x01\t 3\n");
  write_bytes(folder / "plain.txt", "2 1\na 1\nb 2\n");
  const auto convert = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "convert");
    return windrow_command(folder, arguments);
  };
  REQUIRE(convert({"plain.txt", "p.bin"}).status == 0);
  CHECK(read_text(folder / "p.bin") == "2 1\na " + one + "\nb " + two + "\n");
  REQUIRE(convert({"plain.txt", "q.bin", "--no-newlines"}).status == 0);
  CHECK(read_text(folder / "q.bin") == "2 1\na " + one + "b " + two);
  for (const char* source : {"p.bin", "q.bin"}) {
    REQUIRE(convert({source, "back.txt"}).status == 0);
    CHECK(read_text(folder / "back.txt") == read_text(folder / "plain.txt"));
  }
  const auto refused = convert({"v.txt", "v.bin"});
  CHECK(refused.status == 1);
  CHECK(refused.says("row 1: word2vec binary cannot hold"));
  const auto skipped = convert({"v.txt", "v.bin", "--bad-token", "skip", "--json"});
  CHECK(skipped.says("2 tokens hold what word2vec binary cannot"));
  CHECK(nlohmann::json::parse(skipped.out)["rows_written"] == 1);
  CHECK(read_text(folder / "v.bin") == "1 1\na " + one + "\n");
  CHECK(convert({"v.txt", "v.bin", "--bad-token", "underscore"}).says("became underscores"));
  CHECK(read_text(folder / "v.bin") == "3 1\na " + one + "\nNew_York " + two + "\n__ " + three + "\n");
  CHECK(convert({"v.txt", "v.npy", "--bad-token", "skip"}).status == 2);
  CHECK(convert({"v.txt", "v.safetensors", "--no-newlines"}).status == 2);
}
