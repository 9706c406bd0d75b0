#include "formats/word2vec_text.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "formats/byte_reader.h"
#include "formats/numbers.h"
#include "formats/short_number.h"
#include "formats/word2vec_header.h"
#include "support/cases.h"
#include "support/catch.h"
#include "support/text_row.h"
#include "tools/vectors.h"

using namespace windrow::tools;

namespace {

Vectors read(std::string_view text) {
  return read_vectors(read_word2vec_text(bytes_in_memory(text, "v.txt")));
}

void check_fails(std::string_view text, std::string_view message) {
  const Vectors vectors = read(text);
  INFO(vectors.error);
  CHECK(contains(vectors.error, message));
  CHECK(contains(vectors.error, "v.txt"));
}

}  // namespace

TEST_CASE("word2vec text: rows and tokens", "[tools]") {
  const Vectors vectors = read("2 3\nthe 0.5 -1 2e3\ncat 1 2 3\n");
  CHECK(vectors.error.empty());
  CHECK(vectors.tokens == std::vector<std::string>{"the", "cat"});
  CHECK(vectors.values == std::vector<float>{0.5f, -1.0f, 2000.0f, 1.0f, 2.0f, 3.0f});
}

TEST_CASE("word2vec text: line ends and trailing spaces of every habit", "[tools]") {
  const std::vector<float> expected = {1, 2, 3, 4};
  for (const char* text :
       {"2 2\na 1 2\nb 3 4\n", "2 2\na 1 2\nb 3 4", "2 2\r\na 1 2\r\nb 3 4\r\n", "2 2\na 1 2 \nb 3 4 \n",
        "2 2 \na 1 2   \r\nb 3 4  ", "2 2\na 1 2\nb 3 4\n\n", "2 2\r\na 1 2 \r\nb 3 4\r\n\r\n"}) {
    CAPTURE(text);
    const Vectors vectors = read(text);
    CHECK(vectors.error.empty());
    CHECK(vectors.values == expected);
    CHECK(vectors.tokens == std::vector<std::string>{"a", "b"});
  }
  auto reader = read_word2vec_text(bytes_in_memory("2 2\r\na 1 2\r\nb 3 4\n"));
  RowBlock block;
  REQUIRE((*reader)->next(block));
  CHECK((*reader)->findings().crlf_lines.count == 2);
}

TEST_CASE("word2vec text: a token is all before the last DIM fields", "[tools]") {
  const Vectors vectors = read(
      "9 1\n 1\n  2\nNew York 3\n\tx 4\na\xC2\xA0"
      "b 5\nc\xC2\x85"
      "d 6\n1 7\n\xE3\x83 8\nx\r 9\n");
  CHECK(vectors.error.empty());
  CHECK(vectors.tokens == std::vector<std::string>{"", " ", "New York", "\tx",
                                                   "a\xC2\xA0"
                                                   "b",
                                                   "c\xC2\x85"
                                                   "d",
                                                   "1", "\xE3\x83", "x\r"});
  CHECK(vectors.values == std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("word2vec text: lines that are no rows are refused with line and byte", "[tools]") {
  check_fails("2 3\na 1 2 3\nb 1 2\n", "line 3, byte 12: too few fields: 2 numbers");
  check_fails("1 2\na 1 x\n", "line 2, byte 4: field 2 of 2 is no number that fits a float: 'x'");
  check_fails("1 2\na 1e 2\n", "'1e'");
  check_fails("1 2\na 1,5 2\n", "'1,5'");
  check_fails("1 2\na 0x1p3 2\n", "'0x1p3'");
  check_fails("1 2\na 1  2\n", "field 1 of 2");
  check_fails("1 1\na 1e50\n", "'1e50'");
  check_fails("2 1\na 1\n\nb 2\n", "line 3");
}

TEST_CASE("word2vec text: a first line that lies is refused with both numbers", "[tools]") {
  check_fails("3 2\naaaaaaaaaaaaaaaaaaaaaaaaaaaa 1 2\n", "promises 3 rows, the file holds 1");
  check_fails("1 2\na 1 2\nb 3 4\nc 5 6\n", "byte 10: the first line promises 1 rows, the file holds 3");
  check_fails("0 2\na 1 2\n", "promises 0 rows, the file holds 1");
  check_fails("1000000 300\na 1\n", "promises 1000000 rows of 300 values");
  check_fails("9223372036854775807 2\na 1 2\n", "promises 9223372036854775807 rows");
  check_fails("2 2\na 1 2 3\nb 4 5 6\n", "promises 2 values a row, the rows hold 3");
  CHECK(read("2 1\na 1 2\nb 3\n").error.empty());  // "a 1" is a token
}

TEST_CASE("word2vec text: a row that is not counted, and has no room, is not promised", "[tools]") {
  // The rows are checked against the bytes with the <unk> row that GloVe leaves out of its count.
  const auto reader = read_word2vec_text(bytes_in_memory("0 2000000000\n<unk> 1\n"));
  REQUIRE(reader);
  CHECK((*reader)->header().rows == 0u);
  CHECK(contains(read("0 2000000000\n<unk> 1\n").error, "promises 0 rows, the file holds 1"));
}

TEST_CASE("word2vec text: tokens that end in numbers, and a dim that the user says", "[tools]") {
  const std::vector<std::string> tokens = {"user 1", "user 2"};
  const std::string text = "2 2\nuser 1 0.5 2\nuser 2 3 4\n";
  Source lenient;
  lenient.lenient = true;
  for (const Source& source : {Source{}, lenient}) {
    const Vectors got = read_vectors(read_word2vec_text(bytes_in_memory(text), source));
    CHECK(got.error.empty());
    CHECK(got.tokens == tokens);
  }
  Source said;
  said.raw = RawMatrix{.rows = {}, .dim = 3};
  const Vectors wide = read_vectors(read_word2vec_text(bytes_in_memory(text), said));
  CHECK(wide.dim == 3);
  CHECK(wide.tokens == std::vector<std::string>{"user", "user"});
  said.raw = RawMatrix{.rows = {}, .dim = 1};
  CHECK(read_vectors(read_word2vec_text(bytes_in_memory("2 1\na 7 7 1\nb 8 8 2\n"), said)).tokens ==
        std::vector<std::string>{"a 7 7", "b 8 8"});
}

TEST_CASE("word2vec text: a byte order mark, and tabs behind tokens", "[tools]") {
  const Vectors marked = read("\xEF\xBB\xBF" "1 2\na 1 2\n");
  CHECK(marked.error.empty());
  CHECK(marked.tokens == std::vector<std::string>{"a"});
  check_fails("2 2\na\t1 2\nb\t3 4\n", "byte 4: tabs stand between tokens and values");
}

TEST_CASE("word2vec text: lenient, what is there is taken, and both numbers are told", "[tools]") {
  Source lenient;
  lenient.lenient = true;
  const auto check = [&](const std::string& text, size_t rows, size_t dim, const std::string& remark) {
    CAPTURE(text);
    const Vectors vectors = read_vectors(read_word2vec_text(bytes_in_memory(text), lenient));
    CHECK(vectors.error.empty());
    CHECK(vectors.tokens.size() == rows);
    CHECK(vectors.dim == dim);
    auto reader = read_word2vec_text(bytes_in_memory(text), lenient);
    REQUIRE(reader);
    CHECK(!(*reader)->header().rows);
    CHECK(*(*reader)->header().most_rows >= rows);
    RowBlock block;
    do {
      REQUIRE((*reader)->next(block));
    } while (block.rows > 0);
    std::string remarks;
    for (const std::string& text : (*reader)->findings().remarks) remarks += text + "\n";
    CHECK(contains(remarks, remark));
    CHECK(remarks.empty() == remark.empty());
  };
  check("2 2\na 1 2\nb 3 4\n", 2, 2, "");
  check("3 2\na 1 2\nb 3 4\n", 2, 2, "promises 3 rows, the file holds 2");
  check("1 2\na 1 2\nb 3 4\n", 2, 2, "promises 1 rows, the file holds 2");
  check("9223372036854775807 2\na 1 2\nb 3 4", 2, 2, "promises 9223372036854775807 rows");
  check("3 2\na 1 2\nb 3\nc 5 6\n", 2, 2, "promises 3 rows, the file holds 2");
  check("2 2\na 1 2 3\nb 4 5 6\n", 2, 3, "promises 2 values a row, the rows hold 3");
  check("2 5\na 1 2 3\nb 4 5 6\n", 2, 3, "promises 5 values a row, the rows hold 3");
}

TEST_CASE("word2vec text: rows know their places", "[tools]") {
  auto reader = read_word2vec_text(bytes_in_memory("2 1\r\na 1 \r\nbb 2\n"));
  RowBlock block;
  REQUIRE((*reader)->next(block));
  CHECK(block.begins == std::vector<uint64_t>{5, 11});
}

TEST_CASE("word2vec text: first lines that are none", "[tools]") {
  for (const char* text :
       {"", "\n", "3\n", "-1 3\n", "1 -3\n", "1 0\n", "a 3\n", "1 3 5\n", "18446744073709551616 3\n",
        "9223372036854775808 1\n", "1 2147483648\n", "1.5 3\n"}) {
    CAPTURE(text);
    check_fails(text, "byte 0: the first line must be");
  }
  check_fails(std::string(300, '1'), "byte 0: no line \"ROWS DIM\" at the start");
}

TEST_CASE("word2vec text: long lines and long tokens", "[tools]") {
  std::string line = "1 100000\n" + std::string(10'000, 't');
  for (int i = 0; i < 100'000; ++i) line += " 0.25";
  const Vectors vectors = read(line);
  CHECK(vectors.error.empty());
  CHECK(vectors.values == std::vector<float>(100'000, 0.25f));
  check_fails("1 1\n" + std::string(kMaxTokenBytes + 1, 't') + " 1\n", "a token of 65537 bytes");
  check_fails("1 1\n" + std::string(100'000, 't') + " 1\n", "goes on for more than");
}

TEST_CASE("word2vec text: what is written is read back, bit for bit", "[tools]") {
  std::mt19937_64 random(3);
  const std::vector<std::string> tokens = {
      "plain", "", " ", "two words", "1 2", "\xFF\xFE", std::string("nul\0!", 5), "cr\r"};
  for (const size_t dim : {1UL, 3UL, 17UL}) {
    std::vector<float> values;
    std::string text = word2vec_header_line(tokens.size(), 10'000, dim);
    for (const std::string& token : tokens) {
      const size_t begin = values.size();
      for (size_t c = 0; c < dim; ++c) {
        const auto bits = static_cast<uint32_t>(random());
        float value;
        std::memcpy(&value, &bits, sizeof(value));
        values.push_back(c % 3 == 0 ? any_value(random, true) : value);
      }
      append_text_row(text, token, values.data() + begin, dim);
    }
    const Vectors vectors = read(text);
    CHECK(vectors.error.empty());
    CHECK(vectors.tokens == tokens);
    CHECK(same_bits(vectors.values, values));
  }
}

TEST_CASE("numbers: short ones are the nearest float, as any other way of reading them says", "[tools]") {
  std::mt19937_64 random(5);
  const auto check = [](const std::string& number) {
    const std::string line = number + " 1 2 3 4 5 6";
    float value = -1;
    const char* const after = read_short_number(line.data(), line.data() + line.size(), value);
    const auto expected = parse_float(number);
    if (!after) return false;
    CAPTURE(number);
    REQUIRE(expected);
    CHECK(static_cast<size_t>(after - line.data()) == number.size());
    CHECK(same_bits({value}, {*expected}));
    return true;
  };
  for (int i = 0; i < 20'000; ++i) {
    std::string number = i % 2 ? "-" : "";
    number += static_cast<char>('0' + random() % 10);
    number += '.';
    for (uint64_t digits = 1 + random() % 9; digits > 0; --digits) number += static_cast<char>('0' + random() % 10);
    const bool is_short = number.size() <= (i % 2 ? 9 : 8);  // six digits behind the point
    CHECK((check(number) || !is_short));
  }
  for (const char* number : {"0.0", "-0.0", "-0.0000000", "0.0000001", "1.6777216", "0.9999999", "-9.999999"})
    CHECK(check(number));
  for (const char* number : {"1.6777217", "9.9999999", "0.12345678", "12.5", ".5", "5", "5.", "-", "--1.5", "+1.5", "1.5e3",
                             "1.5f", "1.-5", "1.5\t", "0,5", "nan", "-inf", "1.2.3", "1.5\xB0", "1.\xB0", "1./", "1.:"})
    CHECK(!check(number));
  // What stands behind the end is not read.
  const std::string line = "0.123456 7";
  float value;
  for (size_t size = 0; size <= line.size(); ++size) CHECK(!read_short_number(line.data(), line.data() + size, value));
}

TEST_CASE("numbers: signs, underflow, overflow and names", "[tools]") {
  CHECK(*parse_float("+1.5") == 1.5f);
  CHECK(*parse_float("1e-46") == 0.0f);
  CHECK(!std::signbit(*parse_float("1e-46")));
  CHECK(std::signbit(*parse_float("-1e-46")));
  CHECK(std::signbit(*parse_float("-0")));
  CHECK(*parse_float("1e-45") == std::numeric_limits<float>::denorm_min());
  CHECK(std::isinf(*parse_float("-inf")));
  CHECK(std::isinf(*parse_float("Infinity")));
  CHECK(std::isnan(*parse_float("nan")));
  CHECK(std::signbit(*parse_float("-nan")));
  CHECK(*parse_float("3.4028235e38") == std::numeric_limits<float>::max());
  for (const char* text :
       {"", "+", "-", "+-1", "++1", "1e50", "-1e50", "1e", " 1", "1 ", "0x10", "1,5", "1.5f", "e5"}) {
    CAPTURE(text);
    CHECK(!parse_float(text));
  }
  CHECK(!parse_unsigned("-1"));
  CHECK(!parse_unsigned("18446744073709551616"));
  CHECK(*parse_integer("-7") == -7);
}
