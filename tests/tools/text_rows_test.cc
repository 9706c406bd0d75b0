#include "formats/text_rows.h"

#include <random>

#include "formats/numbers.h"
#include "support/cases.h"
#include "support/catch.h"
#include "tools/vectors.h"

using namespace windrow::tools;

namespace {

struct Rows {
  std::vector<std::string> tokens;
  std::vector<float> values;
  std::vector<uint64_t> begins;
  std::string error;
  ReaderFindings findings;

  bool operator==(const Rows& other) const {
    return tokens == other.tokens && same_bits(values, other.values) && begins == other.begins && error == other.error;
  }
};

Rows read(const std::string& text, size_t dim, const TextRows::Options& options = {}, size_t buffer = 4 << 20) {
  TextRows rows(ByteReader(bytes_in_memory(text, "t"), buffer), spaced_line_parser(dim), options);
  Rows all;
  RowBlock block;
  while (true) {
    const auto next = rows.next(block);
    if (!next) {
      all.error = next.error().message;
      break;
    }
    if (block.rows == 0) break;
    CHECK(block.values.size() == block.rows * dim);
    CHECK(block.tokens.size() == block.rows);
    all.values.insert(all.values.end(), block.values.begin(), block.values.end());
    for (size_t i = 0; i < block.rows; ++i) all.tokens.emplace_back(block.token(i));
    all.begins.insert(all.begins.end(), block.begins.begin(), block.begins.end());
  }
  all.findings = rows.findings();
  return all;
}

// The rule as it is written down: from the end of the line, DIM times the last space.
Rows read_plainly(const std::string& text, size_t dim) {
  Rows all;
  uint64_t line_number = 0;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = text.find('\n', begin);
    if (end == std::string::npos) end = text.size();
    std::string line = text.substr(begin, end - begin);
    ++line_number;
    if (line.ends_with('\r')) line.pop_back();
    while (line.ends_with(' ')) line.pop_back();
    if (line.empty() && end + 1 >= text.size()) break;
    std::vector<float> values(dim);
    bool is_row = true;
    for (size_t k = dim; k-- > 0 && is_row;) {
      const size_t space = line.rfind(' ');
      const auto value = space == std::string::npos ? std::nullopt : parse_float(std::string_view(line).substr(space + 1));
      is_row = value.has_value();
      if (is_row) values[k] = *value;
      if (is_row) line.resize(space);
    }
    if (!is_row) {
      all.error = "t: line " + std::to_string(line_number) + ", byte " + std::to_string(begin) + ": ";
      return all;
    }
    all.tokens.push_back(line);
    all.values.insert(all.values.end(), values.begin(), values.end());
    all.begins.push_back(begin);
    begin = end + 1;
  }
  return all;
}

std::string many_lines(size_t count, size_t dim) {
  std::mt19937_64 random(1);
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    text += random() % 7 == 0 ? "two words" : "w" + std::to_string(i);
    for (size_t c = 0; c < dim; ++c) {
      text += ' ';
      append_float(text, any_value(random, true));
    }
    text += random() % 5 == 0 ? " \r\n" : "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("text rows: the same for every number of threads and size of buffer", "[tools]") {
  const std::string text = many_lines(3000, 5);
  const Rows expected = read_plainly(text, 5);
  REQUIRE(expected.error.empty());
  for (const int threads : {1, 2, 7}) {
    for (const size_t buffer : {size_t{1}, size_t{100}, size_t{5000}, size_t{4} << 20}) {
      CAPTURE(threads, buffer);
      const bool same = read(text, 5, {.threads = threads}, buffer) == expected;
      CHECK(same);
    }
  }
}

TEST_CASE("text rows: lines read from the left are read as the rule says", "[tools]") {
  // Fields that are numbers, almost numbers, or none; one space or more between them.
  const std::vector<std::string> fields = {"1",    "-0.5",  "+2",   "1e-50", "1e50",   "nan",  "-inf", "NaN(1)",
                                           "1e",   "1,5",   "0x10", "",      "x",      "-",    "+",    "1.",
                                           ".5",   "1e+2",  "inf ", "\t1",   "1\r",    "\xC2\xA0", "00", "-nan",
                                           "+-1",  "++1",   "infinity", "1e-45", "3.4028236e38", "9007199254740993"};
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const size_t count = random() % 6, dim = 1 + random() % 3;
    std::string line = random() % 8 == 0 ? "" : "t";
    for (size_t f = 0; f < count; ++f) line += " " + fields[random() % (random() % 2 ? 8 : fields.size())];
    line += random() % 4 == 0 ? "  " : "";
    line += random() % 4 == 0 ? "\r\n" : "\n";
    const Rows expected = read_plainly(line, dim), got = read(line, dim);
    CAPTURE(line, dim, got.error, expected.error);
    CHECK(got.error.substr(0, expected.error.size()) == expected.error);
    CHECK(got.error.empty() == expected.error.empty());
    if (!expected.error.empty()) continue;
    CHECK(got.tokens == expected.tokens);
    CHECK(same_bits(got.values, expected.values));
  }
}

TEST_CASE("text rows: of several bad lines the first is reported", "[tools]") {
  std::string text = many_lines(2000, 40);
  const size_t second = text.size();
  text += "bad 1 2\n";
  text += many_lines(2000, 40) + "bad 1\n";
  for (const int threads : {1, 2, 5}) {
    const Rows rows = read(text, 40, {.threads = threads});
    CHECK(contains(rows.error, "t: line 2001, byte " + std::to_string(second) + ": too few fields"));
  }
}

TEST_CASE("text rows: lenient, lines that are no rows are left out and noted", "[tools]") {
  std::string text = "a 1 2\n";
  std::vector<uint64_t> places;
  for (int i = 0; i < 25; ++i) {
    places.push_back(text.size());
    text += i % 2 ? "few 1\n" : "\n";
    text += "w" + std::to_string(i) + " 3 " + std::to_string(i) + "\n";
  }
  text += "last 1 x";
  const Rows rows = read(text, 2, {.lenient = true, .lines_before = 10});
  CHECK(rows.error.empty());
  REQUIRE(rows.tokens.size() == 26);
  CHECK(rows.tokens[25] == "w24");
  CHECK(rows.values[51] == 24);
  CHECK(text.compare(rows.begins[25], 4, "w24 ") == 0);
  CHECK(rows.findings.skipped == 26);
  REQUIRE(rows.findings.first_skipped.size() == 10);
  for (size_t i = 0; i < 10; ++i) {
    CHECK(rows.findings.first_skipped[i].byte == places[i]);
    CHECK(rows.findings.first_skipped[i].line == 12 + 2 * i);
    CHECK(contains(rows.findings.first_skipped[i].reason, i % 2 ? "too few fields: 1 numbers" : "too few fields: 0"));
  }
  // A whole piece of lines that are no rows.
  std::string much;
  for (int i = 0; i < 200'000; ++i) much += "x\n";
  CHECK(read(much + "a 1 2\n", 2, {.lenient = true}).tokens == std::vector<std::string>{"a"});
  CHECK(read(much, 2, {.lenient = true}).tokens.empty());
}

TEST_CASE("text rows: the end of the file", "[tools]") {
  CHECK(read("", 1).tokens.empty());
  CHECK(read("\n", 1).tokens.empty());
  CHECK(read(" \r\n", 1).tokens.empty());
  CHECK(read("a 1", 1).tokens.size() == 1);
  CHECK(read("a 1\n \r", 1).tokens.size() == 1);
  CHECK(contains(read("a 1\n\n\n", 1).error, "line 2, byte 4"));
  for (size_t cut = 0; cut <= 8; ++cut) {
    const Rows rows = read(std::string("a 1\nb 2\n").substr(0, cut), 1);
    CAPTURE(cut);
    CHECK((rows.error.empty() || contains(rows.error, "too few fields")));
  }
}

TEST_CASE("text rows: lines beyond all bounds", "[tools]") {
  const std::string token(64 * 1024, 't');
  CHECK(read(token + " 1\n", 1).tokens[0] == token);
  CHECK(contains(read("a 1\nt" + token + " 1\n", 1).error, "line 2, byte 4: a token of 65537 bytes"));
  const std::string endless(1'000'000, 'x');
  for (const bool lenient : {false, true}) {
    for (const size_t buffer : {size_t{1}, size_t{4} << 20}) {
      CAPTURE(lenient, buffer);
      for (const std::string& text : {endless, endless + " 1\n", "a 1\n" + endless + "\n"}) {
        const Rows rows = read(text, 1, {.lenient = lenient}, buffer);
        CHECK(contains(rows.error, "the line goes on for more than 65664 bytes"));
      }
    }
  }
  // Behind a blank line, which a thread may have left its mark of.
  CHECK(contains(read("a 1\n" + endless, 1).error, "line 2, byte 4: the line goes on"));
}

TEST_CASE("text rows: lines that are left are counted, and no more are given than asked for", "[tools]") {
  for (const std::string end : {"", "\n", "\n\n", "\r\n \n"}) {
    CAPTURE(end);
    TextRows rows(ByteReader(bytes_in_memory("a 1\nb 2\nc 3\nd 4" + end)), spaced_line_parser(1), {});
    RowBlock block;
    REQUIRE(rows.next(block, 1));
    CHECK(block.rows == 1);
    CHECK(rows.position() == 4);
    REQUIRE(rows.next(block, 0));
    CHECK(block.rows == 0);
    CHECK(*rows.count_lines() == 3);
    CHECK(rows.position() == rows.size());
  }
}
