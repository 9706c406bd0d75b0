#include "formats/glove_text.h"

#include "support/catch.h"
#include "tools/command.h"
#include "tools/vectors.h"

using namespace windrow::tools;

namespace {

using Words = std::vector<std::string>;

struct How {
  uint64_t dim = 0;
  std::optional<GloveVectors> part = {};
  bool lenient = false;
};

Source source_of(const How& how) {
  Source source;
  if (how.dim > 0) source.raw = RawMatrix{.rows = {}, .dim = how.dim};
  source.part = how.part;
  source.lenient = how.lenient;
  return source;
}

Vectors read(std::string_view text, const How& how = {}) {
  return read_vectors(read_glove_text(bytes_in_memory(text, "g.txt"), source_of(how)));
}

std::vector<std::string> remarks(std::string_view text) {
  auto reader = read_glove_text(bytes_in_memory(text), {});
  REQUIRE(reader);
  RowBlock block;
  do {
    REQUIRE((*reader)->next(block));
  } while (block.rows > 0);
  return (*reader)->findings().remarks;
}

}  // namespace

TEST_CASE("glove text: rows without a first line, dim from what most lines have", "[tools]") {
  const Vectors plain = read("the 0.418 -1\nof 2 3\n<unk> 4 5\n");
  CHECK(plain.error.empty());
  CHECK(plain.dim == 2);
  CHECK(plain.tokens == Words{"the", "of", "<unk>"});
  CHECK(plain.values == std::vector<float>{0.418f, -1, 2, 3, 4, 5});
  // glove.840B: the first tokens hold spaces.
  const Vectors spaced = read(". . . 1 2\nat name@domain.com 3 4\na 5 6\nb 7 8\nc 9 10\n");
  CHECK(spaced.error.empty());
  CHECK(spaced.tokens == Words{". . .", "at name@domain.com", "a", "b", "c"});
  CHECK(spaced.dim == 2);
  // Of equally many, the smaller.
  CHECK(read("x y 1 2\na 5 6\n").dim == 2);
  CHECK(read("x y 1 2\na 5 6\n").tokens == Words{"x y", "a"});
  CHECK(read("a\xC2\xA0" "b 1 2\n").tokens == Words{"a\xC2\xA0" "b"});
  CHECK(read("1 2 3 4\na 5 6\nb 7 8\n").tokens == Words{"1 2", "a", "b"});
}

TEST_CASE("glove text: tokens hold spaces, and numbers of their own", "[tools]") {
  const std::string text = "new york 1 2\nlos angeles 3 4\nparis 5 6\n";
  for (const How& how : {How{}, How{.dim = 2}}) {
    CHECK(read(text, how).error.empty());
    CHECK(read(text, how).tokens == Words{"new york", "los angeles", "paris"});
  }
  // Where one first field stands in most lines, it is not the token.
  const Vectors numbered = read("item 1 0.5 2\nitem 2 3 4\nuser 1 5 6\nuser 2 7 8\n");
  CHECK(numbered.error.empty());
  CHECK(numbered.tokens == Words{"item 1", "item 2", "user 1", "user 2"});
  CHECK(read("a 1 2\na 3 4\nb 5 6\nc 7 8\nd 9 8\n").dim == 2);
  CHECK(read("a 0.1 2\na 0.3 4\n").dim == 2);
  CHECK(contains(read("a 1 2 3\nb 4 5 x\nc 6 7 8\n").error, "found from the first lines, --shape DIM says otherwise"));
  // Numbers behind the tokens: nothing looks wrong, so that it is remarked.
  const auto found = remarks("a 1 1 2\nb 1 1 2\nc 1 2\nd 1 2\n");
  REQUIRE(found.size() == 1);
  CHECK(contains(found[0], "2 of 4 tokens hold spaces"));
  CHECK(remarks("a 1 2\nb 1 2\n").empty());
}

TEST_CASE("glove text: tabs behind tokens would take a value, and are refused", "[tools]") {
  CHECK(contains(read("a\t0.5 2\nb\t3 4\n").error, "tabs stand between tokens and values"));
  CHECK(contains(read("2 2\na\t0.5 2\nb\t3 4\n", {.lenient = true}).error, "tabs stand between"));
  CHECK(read("a\tb 1 2\nc 3 4\n").tokens == Words{"a\tb", "c"});
}

TEST_CASE("glove text: a byte order mark is no part of the first token", "[tools]") {
  const std::string text = "\xEF\xBB\xBFthe 1 2\nof 3 4\n";
  CHECK(read(text).tokens == Words{"the", "of"});
  REQUIRE(remarks(text).size() == 1);
  CHECK(contains(remarks(text)[0], "byte order mark"));
  CHECK(read("a 1 2\n\xEF\xBB\xBFthe 3 4\n").tokens == Words{"a", "\xEF\xBB\xBFthe"});
  // Nor is one written in its place.
  const TemporaryFolder folder;
  write_bytes(folder / "w.vec", "1 2\n\xEF\xBB\xBFthe 1 2\n");
  const auto refused = windrow_command(folder, {"convert", "w.vec", "g.glove"});
  CHECK((refused.status == 1 && refused.says("byte order mark")));
  CHECK(windrow_command(folder, {"convert", "w.vec", "v.vec"}).status == 0);
  CHECK(folder.entries() == 2);
}

TEST_CASE("glove text: lines with too few fields, and files without any row", "[tools]") {
  CHECK(contains(read("a 1 2\nb 1\nc 1 2\n").error, "line 2, byte 6: too few fields: 1 numbers"));
  CHECK(read("a 1 2\nb 1\nc 1 2\n", {.lenient = true}).tokens == Words{"a", "c"});
  for (const char* text : {"", "\n", "word\n", "a\nb\n"}) CHECK(contains(read(text).error, "no line is a token"));
  CHECK(!read(std::string(100'000, 'x')).error.empty());
}

TEST_CASE("glove text: with a first line, which does not count <unk>", "[tools]") {
  const Vectors counted = read("2 2\na 1 2\nb 3 4\n<unk> 5 6\n");
  CHECK(counted.error.empty());
  CHECK(counted.tokens == Words{"a", "b", "<unk>"});
  CHECK(read("3 2\na 1 2\nb 3 4\n<unk> 5 6\n").error.empty());
  CHECK(read("2 2\na 1 2\n<unk> 5 6").error.empty());
  CHECK(contains(read("2 2\na 1 2\nb 3 4\nc 5 6\n").error, "promises 2 rows, the file holds 3"));
  CHECK(contains(read("1 2\na 1 2\nb 3 4\n<unk> 5 6\n").error, "promises 1 rows, the file holds 3"));
  CHECK(!read("2 2\n<unk> 1 2\nb 3 4\nc 5 6\n").error.empty());
}

TEST_CASE("glove text: both vectors of each word, with and without biases", "[tools]") {
  const std::string both = "a 1 2 10 20\nb 3 4 30 40\n", biased = "a 1 2 9 10 20 9\nb 3 4 9 30 40 9\n";
  for (const std::string header : {"", "2 2\n"}) {
    CAPTURE(header);
    CHECK(contains(read(header + both, {.dim = 2}).error, "glove -model 3 writes them: choose with --part"));
    CHECK(contains(read(header + biased, {.dim = 2}).error, "glove -model 0 writes them: choose with --part"));
    for (const std::string& text : {both, biased}) {
      const auto part = [&](GloveVectors which) { return read(header + text, {.dim = 2, .part = which}); };
      CHECK(part(GloveVectors::kWord).values == std::vector<float>{1, 2, 3, 4});
      CHECK(part(GloveVectors::kContext).values == std::vector<float>{10, 20, 30, 40});
      CHECK(part(GloveVectors::kSum).values == std::vector<float>{11, 22, 33, 44});
      CHECK(part(GloveVectors::kSum).dim == 2);
      CHECK(part(GloveVectors::kSum).tokens == Words{"a", "b"});
    }
  }
  CHECK(read(both).dim == 4);
  CHECK(contains(read(both, {.part = GloveVectors::kSum}).error, "--shape DIM"));
}

TEST_CASE("glove text: is told from the content, written without a first line, and read back", "[tools]") {
  const TemporaryFolder folder;
  const std::string text = "the 0.1 -2\nnew york 3e-08 4\n\xff 5 inf\nx 1 2\ny 1 2\n";
  write_bytes(folder / "g.txt", text);
  const auto there = windrow_command(folder, {"convert", "g.txt", "t.safetensors"});
  INFO(there.err);
  REQUIRE(there.status == 0);
  CHECK(there.says("from glove-text"));
  REQUIRE(windrow_command(folder, {"convert", "t.safetensors", "h.glove"}).status == 0);
  CHECK(read_text(folder / "h.glove") == text);
  // The number of rows is not known before the end: the first line has room for it.
  REQUIRE(windrow_command(folder, {"convert", "g.txt", "w.vec"}).status == 0);
  CHECK(windrow_command(folder, {"convert", "w.vec", "again.glove"}).status == 0);
  CHECK(read_text(folder / "again.glove") == text);
}

TEST_CASE("glove text: values in fewer digits, where asked", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "g.txt", "the 0.123456789 -20000000\nof 3e-12 inf\n");
  REQUIRE(windrow_command(folder, {"convert", "g.txt", "h.glove", "--precision", "3"}).status == 0);
  CHECK(read_text(folder / "h.glove") == "the 0.123 -2e+07\nof 3e-12 inf\n");
  REQUIRE(windrow_command(folder, {"convert", "g.txt", "h.txt", "--precision", "9"}).status == 0);
  CHECK(read_text(folder / "h.txt").ends_with("the 0.123456791 -20000000\nof 2.99999999e-12 inf\n"));
  CHECK(windrow_command(folder, {"convert", "g.txt", "h.txt", "--precision", "10"}).status == 2);
  CHECK(windrow_command(folder, {"convert", "g.txt", "h.bin", "--precision", "3"}).status == 2);
}

TEST_CASE("glove text: every cut of a file gives the rows before it, or an error", "[tools]") {
  const std::string text = "the 0.5 -2\nnew 3 4\n5 6 7\n";
  const Vectors whole = read(text);
  for (size_t cut = 0; cut < text.size(); ++cut) {
    CAPTURE(cut);
    const Vectors part = read(text.substr(0, cut), {.dim = 2});
    CHECK(part.tokens.size() <= 3);
    if (!part.error.empty()) continue;
    for (size_t i = 0; i + 1 < part.tokens.size(); ++i) CHECK(part.tokens[i] == whole.tokens[i]);
  }
}
