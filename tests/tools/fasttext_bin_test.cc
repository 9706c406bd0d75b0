#include "formats/fasttext_bin.h"

#include <windrow/embed.h>
#include <windrow/lookup.h>
#include <windrow/table.h>
#include <windrow/word_vectors.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <sstream>

#include "base/bytes.h"
#include "format/test_data.h"
#include "support/catch.h"
#include "tools/command.h"
#include "tools/vectors.h"

// Models and vectors that fastText itself made: tests/data/fasttext/make_fasttext.sh.

using namespace windrow;
using namespace windrow::tools;

namespace {

const std::string kModels = std::string(WINDROW_TEST_DATA) + "/fasttext/";

// What `fasttext print-word-vectors` printed: five digits of each value.
std::vector<std::pair<std::string, std::vector<float>>> printed_vectors(const std::string& name) {
  std::vector<std::pair<std::string, std::vector<float>>> vectors;
  std::istringstream lines(read_text(kModels + name));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string word;
    fields >> word;
    vectors.emplace_back(word, std::vector<float>());
    for (float value; fields >> value;) vectors.back().second.push_back(value);
  }
  REQUIRE(!vectors.empty());
  return vectors;
}

Table converted(const TemporaryFolder& folder, const std::string& model, std::vector<std::string> options = {}) {
  options.insert(options.begin(), {"convert", kModels + model, "t.safetensors"});
  const auto outcome = windrow_command(folder, options);
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  auto table = Table::open(folder / "t.safetensors");
  REQUIRE(table);
  return *table;
}

void check_vectors(const Table& table, const std::string& printed, double error) {
  for (const auto& [word, expected] : printed_vectors(printed)) {
    const std::string_view name = word;
    std::vector<float> vector(static_cast<size_t>(table.dim()));
    REQUIRE(expected.size() == vector.size());
    REQUIRE(word_vectors(table, {&name, 1}, RowsOut(vector, vector.size())));
    for (size_t c = 0; c < vector.size(); ++c) {
      CAPTURE(word, c, vector[c], expected[c]);
      CHECK(std::abs(vector[c] - expected[c]) <= error + 5e-5 * std::abs(expected[c]));
    }
  }
}

std::string with_number(std::string bytes, size_t at, int32_t value) {
  store(reinterpret_cast<uint8_t*>(bytes.data()) + at, value);
  return bytes;
}

Vectors read(const std::string& bytes, bool words_only = false, bool lenient = false) {
  return read_vectors(read_fasttext_bin(bytes_in_memory(bytes, "model"), words_only, lenient));
}

}  // namespace

TEST_CASE("fasttext: vectors of words, in the vocabulary and not, are fastText's own", "[tools]") {
  const TemporaryFolder folder;
  const Table table = converted(folder, "skipgram.bin");
  CHECK(table.rows() == 67);
  CHECK(table.vocabulary().size() == 17);
  REQUIRE(table.subwords());
  CHECK(table.subwords()->buckets == 50);
  check_vectors(table, "skipgram.words", 0);
}

TEST_CASE("fasttext: int8 rows give the same within what the format costs", "[tools]") {
  const TemporaryFolder folder;
  check_vectors(converted(folder, "skipgram.bin", {"--row-format", "int8"}), "skipgram.words", 0.02);
}

TEST_CASE("fasttext: a classifier has rows of words; without buckets an unknown word has nothing", "[tools]") {
  const TemporaryFolder folder;
  const Table table = converted(folder, "supervised.bin");
  CHECK(table.rows() == 17);
  CHECK(!table.subwords());
  check_vectors(table, "supervised.words", 0);
}

TEST_CASE("fasttext: a quantised and pruned model, its n-grams included", "[tools]") {
  const TemporaryFolder folder;
  const Table table = converted(folder, "pruned.ftz");
  REQUIRE(table.subwords());
  CHECK(table.subwords()->buckets == 400);
  CHECK(table.subwords()->kept == 283);
  check_vectors(table, "pruned.words", 1e-9);
  // A copy of the table keeps them.
  REQUIRE(windrow_command(folder, {"convert", "t.safetensors", "u.safetensors"}).status == 0);
  const auto copy = Table::open(folder / "u.safetensors");
  REQUIRE(copy);
  check_vectors(*copy, "pruned.words", 1e-9);
  CHECK(windrow_command(folder, {"verify", "u.safetensors"}).status == 0);
}

TEST_CASE("fasttext: --words-only is what fastText writes as .vec, in full precision", "[tools]") {
  const TemporaryFolder folder;
  const Table words = converted(folder, "skipgram.bin", {"--words-only"});
  CHECK(words.rows() == 17);
  CHECK(!words.subwords());
  std::istringstream lines(read_text(kModels + "skipgram.vec"));
  std::string line;
  std::getline(lines, line);
  for (int64_t row = 0; std::getline(lines, line); ++row) {
    std::istringstream fields(line);
    std::string token;
    fields >> token;
    CHECK(words.vocabulary().token(row) == token);
    for (int64_t c = 0; c < 5; ++c) {
      float printed, value;
      fields >> printed;
      std::memcpy(&value, words.row(row) + c * 4, 4);
      CHECK(std::abs(value - printed) <= 5e-5f * std::abs(printed));
    }
  }
  // A file of text has no place for n-grams, and gets the same.
  REQUIRE(windrow_command(folder, {"convert", kModels + "skipgram.bin", "w.vec"}).status == 0);
  REQUIRE(windrow_command(folder, {"convert", "w.vec", "w.safetensors"}).status == 0);
  CHECK(windrow_command(folder, {"diff", "w.safetensors", "t.safetensors"}).status == 0);
}

TEST_CASE("fasttext: a table gives the same words to other files as the model itself", "[tools]") {
  const TemporaryFolder folder;
  for (const std::string model : {"skipgram.bin", "pruned.ftz"}) {
    CAPTURE(model);
    converted(folder, model);
    REQUIRE(windrow_command(folder, {"convert", kModels + model, "model.vec", "--precision", "5"}).status == 0);
    REQUIRE(windrow_command(folder, {"convert", "t.safetensors", "table.vec", "--precision", "5"}).status == 0);
    CHECK(read_text(folder / "table.vec") == read_text(folder / "model.vec"));
    REQUIRE(windrow_command(folder, {"convert", "t.safetensors", "w.safetensors", "--words-only"}).status == 0);
    const auto words = Table::open(folder / "w.safetensors");
    REQUIRE(words);
    CHECK(words->rows() == words->vocabulary().size());
    CHECK(!words->subwords());
  }
}

TEST_CASE("fasttext: rows that are parts of words are not normalised", "[tools]") {
  const TemporaryFolder folder;
  const auto refused = windrow_command(folder, {"convert", kModels + "skipgram.bin", "t.safetensors", "--normalize"});
  CHECK(refused.status == 1);
  CHECK(refused.says("--words-only makes rows of whole words"));
  CHECK(folder.entries() == 0);
  REQUIRE(windrow_command(folder, {"convert", kModels + "skipgram.bin", "t.safetensors", "--normalize", "--words-only"})
              .status == 0);
  const auto table = Table::open(folder / "t.safetensors");
  REQUIRE(table);
  std::vector<float> row(5);
  const int64_t id = 3;
  REQUIRE(gather(*table, Ids(std::span(&id, 1)), RowsOut(row, 5)));
  float squares = 0;
  for (const float x : row) squares += x * x;
  CHECK(std::abs(squares - 1) < 1e-5f);
}

TEST_CASE("fasttext: vectors of lines are those of print-sentence-vectors", "[tools]") {
  const TemporaryFolder folder;
  converted(folder, "skipgram.bin");
  const auto outcome = run_shell(folder,
                                 "printf 'the cat sat\\n\u00fcber unknown </s> \u732b\\n\\n' | "
                                 "$W embed t.safetensors --recipe fasttext");
  REQUIRE(outcome.status == 0);
  std::istringstream got(outcome.out), expected(read_text(kModels + "skipgram.lines"));
  size_t values = 0;
  for (float value, printed; got >> value && expected >> printed; ++values)
    CHECK(std::abs(value - printed) <= 5e-5f * std::abs(printed) + 1e-9f);
  CHECK(values == 15);
}

TEST_CASE("fasttext: a line of one word gets its vector, known or not", "[tools]") {
  for (const std::string model : {"skipgram", "pruned"}) {
    const TemporaryFolder folder;
    const Table table = converted(folder, model + (model == "pruned" ? ".ftz" : ".bin"));
    const auto printed = printed_vectors(model + ".words");
    std::string lines;
    for (const auto& [word, vector] : printed) lines += word + '\n';
    write_bytes(folder / "lines", lines);
    const auto outcome = windrow_command(
        folder, {"embed", "t.safetensors", "lines", "--unknown", "subwords", "-o", "v.npy"});
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    const Matrix matrix = read_matrix(folder / "v.npy");
    const auto dim = static_cast<size_t>(table.dim());
    REQUIRE(matrix.values.size() == printed.size() * dim);
    for (size_t w = 0; w < printed.size(); ++w) {
      for (size_t c = 0; c < dim; ++c) {
        CAPTURE(model, printed[w].first, c);
        const float value = printed[w].second[c];
        CHECK(std::abs(matrix.values[w * dim + c] - value) <= 5e-5f * std::abs(value) + 1e-9f);
      }
    }
    // `lookup` gives rows, and a word without one has none.
    CHECK(windrow_command(folder, {"lookup", "t.safetensors", "--token", "cat"}).status == 0);
    CHECK(windrow_command(folder, {"lookup", "t.safetensors", "--token", "unknown"}).status == 1);
  }
}

TEST_CASE("fasttext: of a part of the rows it is said that n-grams are missing", "[tools]") {
  const TemporaryFolder folder;
  const std::vector<std::string> convert = {"convert", kModels + "skipgram.bin", "t.safetensors"};
  for (const std::string limit : {"20", "66", "67", "1000"}) {
    auto command = convert;
    command.insert(command.end(), {"--limit", limit});
    const auto outcome = windrow_command(folder, command);
    CAPTURE(limit);
    REQUIRE(outcome.status == 0);
    const bool whole = std::stoi(limit) >= 67;
    CHECK(outcome.says("the rows of n-grams were left behind") != whole);
    const auto table = Table::open(folder / "t.safetensors");
    REQUIRE(table);
    CHECK((table->subwords() != nullptr) == whole);
  }
  CHECK(!windrow_command(folder, {"convert", kModels + "skipgram.bin", "t.safetensors", "--words-only"})
             .says("left behind"));
}

TEST_CASE("fasttext: a model that is cut leaves nothing at the target", "[tools]") {
  const TemporaryFolder folder;
  for (const std::string model : {"skipgram.bin", "pruned.ftz"}) {
    const std::string whole = read_text(kModels + model);
    for (const size_t size : {size_t{50}, size_t{200}, whole.size() / 2, whole.size() - 1}) {
      write_bytes(folder / "cut.bin", whole.substr(0, size));
      const auto outcome = windrow_command(folder, {"convert", "cut.bin", "t.safetensors"});
      CAPTURE(model, size);
      CHECK(outcome.status == 1);
      CHECK(outcome.says("cut.bin: "));
      CHECK(folder.entries() == 1);
    }
  }
}

TEST_CASE("fasttext: cut at any byte it is an error, in any way of reading", "[tools]") {
  for (const std::string model : {"skipgram.bin", "supervised.bin", "pruned.ftz"}) {
    const std::string whole = read_text(kModels + model);
    REQUIRE(read(whole).error.empty());
    for (size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(model, size);
      CHECK(!read(whole.substr(0, size)).error.empty());
      if (size % 17 == 0) (void)read(whole.substr(0, size), true, true);
    }
    CHECK(contains(read(whole + "x").error, "1 bytes follow the output matrix"));
    CHECK(read(whole + "x", false, true).error.empty());
  }
}

TEST_CASE("fasttext: counts that lie are refused, with the place", "[tools]") {
  const std::string whole = read_text(kModels + "skipgram.bin");
  for (const int32_t number : {-1, 0, 1, 16, 18, 1'000'000, std::numeric_limits<int32_t>::max()}) {
    for (const size_t at : {size_t{64}, size_t{68}, size_t{72}}) {  // entries, words, labels
      if (load<int32_t>(reinterpret_cast<const uint8_t*>(whole.data()) + at) == number) continue;
      CAPTURE(number, at);
      const auto got = read(with_number(whole, at, number));
      CHECK(contains(got.error, "byte "));
    }
  }
  CHECK(contains(read(with_number(whole, 4, 13)).error, "version 13"));
  CHECK(!read(with_number(whole, 8, 6)).error.empty());  // dim
  // Rows and columns of the input matrix, behind the dictionary and one byte.
  const size_t matrix = whole.size() - (8 + 8 + 17 * 5 * 4) - 1 - (8 + 8 + 67 * 5 * 4);
  REQUIRE(load<int64_t>(reinterpret_cast<const uint8_t*>(whole.data()) + matrix) == 67);
  for (const int64_t number : {int64_t{-1}, int64_t{16}, int64_t{68}, int64_t{1} << 40, int64_t{1} << 62}) {
    std::string bytes = whole;
    store(reinterpret_cast<uint8_t*>(bytes.data()) + matrix, number);
    CAPTURE(number);
    CHECK(!read(bytes).error.empty());
    if (number != 68) CHECK(!read(bytes, false, true).error.empty());  // 68 rows end within what may be cut
  }
  std::string bytes = whole;
  for (char& c : bytes) c = c == 0 ? 'x' : c;  // no zero ends a word
  CHECK(!read("\xBA\x16\x4F\x2F" + bytes.substr(4)).error.empty());
}

TEST_CASE("fasttext: the content tells the format", "[tools]") {
  const TemporaryFolder folder;
  std::filesystem::copy_file(kModels + "skipgram.bin", folder / "vectors.txt");
  const auto outcome = windrow_command(folder, {"inspect", "vectors.txt"});
  CHECK(outcome.says("fasttext-bin"));
  CHECK(outcome.says("50 buckets of n-grams"));
}
