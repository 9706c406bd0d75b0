#include "formats/delimited.h"

#include "support/catch.h"
#include "tools/command.h"
#include "tools/vectors.h"

using namespace windrow::tools;

namespace {

Vectors read(const std::string& text, char separator = ',', const std::string& column = "", bool lenient = false) {
  Source source;
  source.token_column = column;
  source.lenient = lenient;
  return read_vectors(read_delimited(bytes_in_memory(text, "table"), separator, source));
}

}  // namespace

TEST_CASE("delimited: the column that is not of numbers has the tokens, wherever it is", "[tools]") {
  const std::vector<float> values = {1, 2, 3, 4};
  for (const std::string text : {"a,1,2\nb,3,4\n", "1,a,2\n3,b,4", "1,2,a\r\n3,4,b\r\n", "w,x,y\na,1,2\nb,3,4\n\n"}) {
    CAPTURE(text);
    const auto got = read(text);
    CHECK(got.error == "");
    CHECK(got.tokens == std::vector<std::string>{"a", "b"});
    CHECK(got.values == values);
  }
  const auto tabs = read("two words\t1\t2\n\"q\"\t3\t4\n", '\t');
  CHECK(tabs.tokens == std::vector<std::string>{"two words", "\"q\""});
  CHECK(tabs.values == values);
}

TEST_CASE("delimited: a column named or numbered, and ids", "[tools]") {
  CHECK(read("7,1,2\n8,3,4\n").dim == 3);
  CHECK(read("7,1,2\n8,3,4\n", ',', "0").tokens == std::vector<std::string>{"7", "8"});
  CHECK(read("x,id,y\n1,7,2\n3,8,4\n").tokens == std::vector<std::string>{"7", "8"});
  CHECK(read("x,n,y\n1,7,2\n3,8,4\n", ',', "n").tokens == std::vector<std::string>{"7", "8"});
  CHECK(read("x,n,y\n1,7,2\n3,8,4\n", ',', "n").values == std::vector<float>{1, 2, 3, 4});
  CHECK(contains(read("7,1,2\n", ',', "3").error, "neither this name nor this number"));
  CHECK(contains(read("a,b,1\nc,d,2\n").error, "columns 0 and 1 are both not of numbers"));
}

TEST_CASE("delimited: a first line is names only where it cannot be a row", "[tools]") {
  const std::vector<std::string> tokens = {"the", "10"};
  // A token above a number is no name.
  for (const std::string text : {"the,1,2\n10,3,4\n", "1,the,2\n3,10,4\n", "\xEF\xBB\xBFthe,1,2\n10,3,4\n"}) {
    CAPTURE(text);
    CHECK(read(text).tokens == tokens);
    CHECK(read(text).values == std::vector<float>{1, 2, 3, 4});
  }
  // What pandas writes above an index, of words and of numbers.
  CHECK(read(",0,1\nthe,1,2\n10,3,4\n").tokens == tokens);
  CHECK(read(",0,1\n5,1,2\n6,3,4\n").tokens == std::vector<std::string>{"5", "6"});
  // A blank last line tells nothing.
  CHECK(read("7,1,2\n\n").values == std::vector<float>{7, 1, 2});
  CHECK(read("7,1,2\r\n\r\n").values == std::vector<float>{7, 1, 2});
  CHECK(read("x\n1\n2\n").values == std::vector<float>{1, 2});
  const auto marked = read("\xEF\xBB\xBF\"word\",x\nthe,1\n10,x\n");
  CHECK(contains(marked.error, "line 3, byte 18: column 1"));
}

TEST_CASE("delimited: names above numbered columns, and above the column that is asked for", "[tools]") {
  const std::vector<std::string> tokens = {"7", "8"};
  CHECK(read("id,0,1,2\n7,1,2,3\n8,3,4,5\n").tokens == tokens);
  CHECK(read("word,0,1\n7,1,2\n8,3,4\n").tokens == tokens);
  CHECK(read("item,0,1,2\n7,1,2,3\n8,3,4,5\n").tokens == tokens);
  CHECK(read("label,5,6\n7,1,2\n8,3,4\n", ',', "label").tokens == tokens);
  CHECK(read("5,6,label\n1,2,7\n3,4,8\n", ',', "label").values == std::vector<float>{1, 2, 3, 4});
  CHECK(read("id,5,6\n7,1,2\n").tokens == std::vector<std::string>{"7"});
  // A number is the number of a column, whatever stands in it.
  CHECK(read("5,0,2\n6,1,3\n", ',', "0").tokens == std::vector<std::string>{"5", "6"});
  CHECK(read("cat,0,1\n7,1,2\n").tokens == std::vector<std::string>{"cat", "7"});
}

TEST_CASE("delimited: quotes of CSV", "[tools]") {
  const auto got = read("\"a, \"\"b\"\"\",\"1\", 2 \n\"\",3,4\n");
  CHECK(got.error == "");
  CHECK(got.tokens == std::vector<std::string>{"a, \"b\"", ""});
  CHECK(got.values == std::vector<float>{1, 2, 3, 4});
  CHECK(contains(read("a,1,2\n\"open,1,2\n").error, "line 2, byte 6: no quote ends"));
  CHECK(contains(read("a,1,2\n\"b\"c,1,2\n").error, "line 2, byte 6: no quote ends"));
}

TEST_CASE("delimited: lines that are no rows are an error, or left out", "[tools]") {
  const std::string text = "w,x,y\na,1,2\nb,1\nc,1,2,3\nd,1,x\ne,5,6\n";
  CHECK(contains(read(text).error, "line 3, byte 12: 2 fields, where rows have 3"));
  CHECK(contains(read("a,1,2\nd,1,x\n").error, "both not of numbers"));
  CHECK(contains(read("a,1,2\nb,3,4\nd,1,x\n").error, "line 3, byte 12: column 2 is no number that fits a float: 'x'"));
  const auto lenient = read(text, ',', "", true);
  CHECK(lenient.error == "");
  CHECK(lenient.tokens == std::vector<std::string>{"a", "e"});
  CHECK(!read("").error.empty());
  CHECK(!read("\n").error.empty());
  CHECK(!read("a\nb\n").error.empty());
}

TEST_CASE("delimited: a second line with a text behind the columns of the first has no token column there", "[tools]") {
  const std::string text = "1,2\n3,4,b\n5,6\n";
  CHECK(contains(read(text).error, "line 2, byte 4: 3 fields, where rows have 2"));
  const auto lenient = read(text, ',', "", true);
  CHECK(lenient.error == "");
  CHECK(lenient.tokens.empty());
  CHECK(lenient.values == std::vector<float>{1, 2, 5, 6});
}

TEST_CASE("delimited: the content tells the format, and a table comes of it", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "a", "word\tx\ty\none\t1\t2\ntwo\t3\t4\n");
  write_bytes(folder / "b", "one,1,2\ntwo,3,4\n");
  for (const std::string name : {"a", "b"}) {
    REQUIRE(windrow_command(folder, {"convert", name, name + ".txt"}).status == 0);
    CHECK(read_text(folder / (name + ".txt")) == "2 2\none 1 2\ntwo 3 4\n");
  }
}

TEST_CASE("delimited: cut at any byte it is an error or fewer rows", "[tools]") {
  const std::string text = "w,x,y\n\"a\"\"\",1,2\nb,3,4\n";
  for (size_t size = 0; size <= text.size(); ++size) {
    const auto got = read(text.substr(0, size));
    CAPTURE(size);
    CHECK(got.values.size() == got.tokens.size() * got.dim);
  }
}
