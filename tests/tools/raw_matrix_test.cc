#include "formats/raw_matrix.h"

#include <cmath>

#include "formats/glove_bin.h"
#include "formats/vocabulary_file.h"
#include "support/catch.h"
#include "tools/command.h"
#include "tools/vectors.h"

using namespace windrow::tools;

namespace {

template <class Number>
std::string raw(const std::vector<Number>& numbers) {
  return std::string(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number));
}

Vectors read(const std::string& bytes, const RawMatrix& matrix, bool lenient = false) {
  Source source;
  source.raw = matrix;
  source.lenient = lenient;
  return read_vectors(read_raw_matrix(bytes_in_memory(bytes, "matrix"), source));
}

Vectors named(const std::string& vocabulary, size_t rows) {
  Source source;
  source.raw = RawMatrix{.rows = {}, .dim = 1};
  auto reader = read_raw_matrix(bytes_in_memory(std::string(4 * rows, '\0')), source);
  REQUIRE(reader);
  return read_vectors(with_vocabulary(std::move(*reader), bytes_in_memory(vocabulary, "words")));
}

}  // namespace

TEST_CASE("raw: values of every type", "[tools]") {
  using Type = RawMatrix::Type;
  const std::vector<float> values = {1, -2, 0.5, 4};
  CHECK(read(raw(values), {.rows = 2, .dim = 2}).values == values);
  CHECK(read("xyz" + raw(values), {.rows = {}, .dim = 2, .offset_bytes = 3}).values == values);
  CHECK(read(raw<double>({1, -2, 0.5, 4}), {.rows = {}, .dim = 4, .type = Type::kF64}).values == values);
  CHECK(read(raw<uint16_t>({0x3C00, 0xC000, 0x3800, 0x4400}), {.rows = {}, .dim = 2, .type = Type::kF16}).values == values);
  CHECK(read(raw<uint16_t>({0x3F80, 0xC000, 0x3F00, 0x4080}), {.rows = {}, .dim = 2, .type = Type::kBf16}).values == values);
  CHECK(read(raw<int8_t>({1, -2, 127, -128}), {.rows = {}, .dim = 2, .type = Type::kI8}).values ==
        std::vector<float>{1, -2, 127, -128});
  CHECK(read(raw<uint8_t>({1, 255}), {.rows = {}, .dim = 2, .type = Type::kU8}).values == std::vector<float>{1, 255});
}

TEST_CASE("raw: bytes that are not the rows that were promised", "[tools]") {
  const std::string bytes = raw<float>({1, 2, 3, 4, 5});
  CHECK(contains(read(bytes, {.rows = {}, .dim = 2}).error, "20 bytes are 2 rows and 4 bytes"));
  CHECK(contains(read(bytes, {.rows = 3, .dim = 2}).error, "3 rows should follow, and there are 20 bytes"));
  CHECK(contains(read(bytes, {.rows = 1, .dim = 2}).error, "1 rows should follow"));
  CHECK(contains(read(bytes, {.rows = {}, .dim = 2, .offset_bytes = 21}).error, "ends before byte 21"));
  CHECK(read(bytes, {.rows = 3, .dim = 2}, true).values == std::vector<float>{1, 2, 3, 4});
  CHECK(read(bytes, {.rows = 1, .dim = 2}, true).values == std::vector<float>{1, 2});
  CHECK(read("", {.rows = {}, .dim = 2}).error.empty());
}

TEST_CASE("raw: cut at any byte it is an error, or the rows that are whole", "[tools]") {
  const std::string bytes = "x" + raw<float>({1, 2, 3, 4, 5, 6});
  for (size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    const RawMatrix matrix{.rows = 3, .dim = 2, .offset_bytes = 1};
    CHECK(!read(bytes.substr(0, size), matrix).error.empty());
    const auto lenient = read(bytes.substr(0, size), matrix, true);
    CHECK(lenient.error.empty() == (size > 0));
    CHECK(lenient.values.size() == (size > 0 ? (size - 1) / 8 * 2 : 0));
  }
}

TEST_CASE("vocabulary file: a token per line, of any bytes", "[tools]") {
  CHECK(named("a\ntwo words\n\n\xff\r\nlast", 5).tokens ==
        std::vector<std::string>{"a", "two words", "", "\xff", "last"});
  CHECK(named("a\nb\n\n", 2).tokens.size() == 2);
  CHECK(contains(named("a\nb\nc\n", 2).error, "words: 3 tokens for 2 rows"));
  CHECK(contains(named("a\n", 2).error, "words: 1 tokens, but there are more rows: 2"));
  CHECK(contains(named(std::string(70'000, 'x'), 1).error, "goes on for more than"));
}

TEST_CASE("vocabulary file: a byte order mark is no part of the first token", "[tools]") {
  CHECK(named("\xEF\xBB\xBF" "a\nb\n", 2).tokens == std::vector<std::string>{"a", "b"});
}

TEST_CASE("raw: fewer rows than promised are told of", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "m", raw<float>({1, 2, 3, 4}));
  const std::vector<std::string> convert = {"convert", "m", "t.npy", "--from", "raw", "--shape", "3x2"};
  CHECK(windrow_command(folder, convert).status == 1);
  std::vector<std::string> lenient = convert;
  lenient.push_back("--lenient");
  CHECK(windrow_command(folder, lenient).says("3 rows should follow, the file holds 2, which were taken"));
}

TEST_CASE("vocabulary file: counts of word2vec are no part of the tokens", "[tools]") {
  CHECK(named("a 12\nb c 7\n", 2).tokens == std::vector<std::string>{"a", "b c"});
  CHECK(named("a 12\nb c\n", 2).tokens == std::vector<std::string>{"a 12", "b c"});
  // What tells tokens apart is no count.
  CHECK(named("item 1\nitem 2\n", 2).tokens == std::vector<std::string>{"item 1", "item 2"});
}

TEST_CASE("convert: a matrix without header, and a npy file, with a file of tokens", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "m", raw<float>({1, 2, 3, 4}));
  write_bytes(folder / "words", "x\ny\n");
  REQUIRE(windrow_command(folder, {"convert", "m", "m.txt", "--from", "raw", "--shape", "2x2", "--vocabulary", "words"})
              .status == 0);
  CHECK(read_text(folder / "m.txt") == "2 2\nx 1 2\ny 3 4\n");
  write_array<float>(folder / "m.npy", "<f4", {2, 2}, {1, 2, 3, 4});
  REQUIRE(windrow_command(folder, {"convert", "m.npy", "n.txt", "--vocabulary", "words"}).status == 0);
  CHECK(read_text(folder / "n.txt") == "2 2\nx 1 2\ny 3 4\n");
  const auto twice = windrow_command(folder, {"convert", "m.txt", "n.txt", "--vocabulary", "words"});
  CHECK(twice.status == 1);
  CHECK(twice.says("tokens of its own"));
  CHECK(windrow_command(folder, {"convert", "m", "o.txt", "--from", "raw"}).says("--shape"));
  for (const char* shape : {"2x", "x2", "0", "2x0", "-1", "2.5"}) {
    CAPTURE(shape);
    CHECK(windrow_command(folder, {"convert", "m", "o.txt", "--from", "raw", std::string("--shape=") + shape}).status == 2);
  }
}

TEST_CASE("convert: a safetensors matrix and GloVe's binary get their tokens from a file", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "words", "x 10\ny 7\n");
  write_array<float>(folder / "m.npy", "<f4", {2, 2}, {1, 2, 3, 4});
  REQUIRE(windrow_command(folder, {"convert", "m.npy", "m.safetensors"}).status == 0);
  REQUIRE(windrow_command(folder, {"convert", "m.safetensors", "n.safetensors", "--vocabulary", "words"}).status == 0);
  CHECK(windrow_command(folder, {"lookup", "n.safetensors", "--token", "y"}).says("3 4"));
  CHECK(windrow_command(folder, {"convert", "n.safetensors", "o.npy", "--vocabulary", "words"}).status == 1);
  write_bytes(folder / "g", raw<double>({1, 2, 9, 3, 4, 9, 0, 0, 9, 0, 0, 9}));
  const std::vector<std::string> glove = {"convert",  "g",  "g.glove",      "--from", "glove-bin",
                                          "--shape", "2", "--vocabulary", "words"};
  REQUIRE(windrow_command(folder, glove).status == 0);
  CHECK(read_text(folder / "g.glove") == "x 1 2\ny 3 4\n");
  for (const char* words : {"x 1\n", "x 1\ny 2\n<unk> 3\n"}) {
    write_bytes(folder / "words", words);
    std::filesystem::remove(folder / "g.glove");
    const auto outcome = windrow_command(folder, glove);
    CHECK(outcome.status == 1);
    CHECK(outcome.says("tokens"));
    CHECK(!std::filesystem::exists(folder / "g.glove"));
  }
}

TEST_CASE("glove-bin: words, contexts and their sum, without the biases", "[tools]") {
  const std::string bytes = raw<double>({1, 2, 99, 3, 4, 99, 10, 20, 99, 30, 40, 99});
  const auto with = [&](std::optional<GloveVectors> part, uint64_t dim = 2) {
    Source source;
    source.raw = RawMatrix{.rows = {}, .dim = dim};
    source.part = part;
    return read_vectors(read_glove_bin(bytes_in_memory(bytes, "vectors"), source));
  };
  CHECK(with({}).values == std::vector<float>{11, 22, 33, 44});
  CHECK(with(GloveVectors::kWord).values == std::vector<float>{1, 2, 3, 4});
  CHECK(with(GloveVectors::kContext).values == std::vector<float>{10, 20, 30, 40});
  CHECK(contains(with({}, 3).error, "96 bytes are not those of words of dim 3"));
  CHECK(contains(read_vectors(read_glove_bin(bytes_in_memory(bytes), {})).error, "--shape DIM"));
  for (size_t size = 1; size < bytes.size(); ++size) {
    CAPTURE(size);
    Source source;
    source.raw = RawMatrix{.rows = 2, .dim = 2};
    CHECK(!read_vectors(read_glove_bin(bytes_in_memory(bytes.substr(0, size)), source)).error.empty());
  }
}
