#include <windrow/table.h>
#include <windrow/table_writer.h>

#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "format/safetensors.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace windrow;

namespace {

Result<Table> table_with(const std::string& path, const std::vector<std::string>& tokens) {
  const std::vector<std::string_view> views(tokens.begin(), tokens.end());
  return Table::create(path, {.rows = static_cast<int64_t>(tokens.size()), .format = RowFormat::f32(1), .tokens = views});
}

}  // namespace

TEST_CASE("vocabulary: tokens are any bytes, found and given back as they were", "[table]") {
  const TemporaryFolder folder;
  const std::vector<std::string> tokens = {"the", "", "two words", std::string("nul\0inside", 10), "\xff\xfe", "日本",
                                           std::string(70'000, 'x')};
  const auto table = table_with(folder / "t", tokens);
  REQUIRE(table);
  const Vocabulary& vocabulary = table->vocabulary();
  CHECK(vocabulary.size() == 7);
  for (size_t t = 0; t < tokens.size(); ++t) {
    CHECK(vocabulary.find(tokens[t]) == static_cast<int64_t>(t));
    CHECK(vocabulary.token(static_cast<int64_t>(t)) == tokens[t]);
  }
  CHECK(!vocabulary.find("The"));
  CHECK(vocabulary.token(-1).empty());
  CHECK(vocabulary.token(7).empty());
}

TEST_CASE("vocabulary: of equal tokens the first is found, and each row keeps its own", "[table]") {
  const TemporaryFolder folder;
  const auto table = table_with(folder / "t", {"a", "b", "a", "a"});
  REQUIRE(table);
  CHECK(table->vocabulary().find("a") == 0);
  CHECK(table->vocabulary().token(3) == "a");
}

TEST_CASE("vocabulary: many tokens are all found", "[table]") {
  const TemporaryFolder folder;
  std::vector<std::string> tokens;
  for (int t = 0; t < 50'000; ++t) tokens.push_back("token " + std::to_string(t * 7919));
  const auto table = table_with(folder / "t", tokens);
  REQUIRE(table);
  bool all = true;
  for (size_t t = 0; t < tokens.size(); ++t) {
    all = all && table->vocabulary().find(tokens[t]) == static_cast<int64_t>(t);
    all = all && !table->vocabulary().find(tokens[t] + "x");
  }
  CHECK(all);
}

TEST_CASE("vocabulary: damaged bytes give nothing, and never a read out of bounds", "[table]") {
  const TemporaryFolder folder;
  REQUIRE(table_with(folder / "t", {"one", "two", "three"}));
  const auto good = read_all(folder / "t");
  const auto header = safetensors::parse(std::span(good).first(4096), good.size());
  REQUIRE(header);
  for (const char* name : {"vocab.offsets", "vocab.index"}) {
    const auto* tensor = header->find(name);
    REQUIRE(tensor);
    for (const uint64_t value : {uint64_t{0}, uint64_t{1} << 39, ~uint64_t{0}, uint64_t{1} << 63}) {
      auto bytes = good;
      for (uint64_t at = tensor->begin; at + 8 <= tensor->end; at += 8) store(&bytes[at], value);
      write_all(folder / "bad", bytes);
      const auto table = Table::open(folder / "bad");
      REQUIRE(table);
      for (const char* token : {"one", "two", "three", "four", ""}) (void)table->vocabulary().find(token);
      for (int64_t r = 0; r < 3; ++r) CHECK(table->vocabulary().token(r).size() <= good.size());
    }
  }
}

TEST_CASE("vocabulary: many tokens at once are found as each by itself", "[table]") {
  const TemporaryFolder folder;
  std::vector<std::string> tokens = {"", std::string("a\0b", 3), "\xff"};
  for (int t = 0; t < 1000; ++t) tokens.push_back("word" + std::to_string(t));
  const auto table = table_with(folder / "t", tokens);
  REQUIRE(table);
  const Vocabulary& vocabulary = table->vocabulary();
  for (const size_t count : {size_t{0}, size_t{1}, size_t{31}, size_t{33}, tokens.size()}) {
    std::vector<std::string> asked(tokens.end() - static_cast<ptrdiff_t>(count), tokens.end());
    if (count > 5) asked[5] = "unknown";
    const std::vector<std::string_view> views(asked.begin(), asked.end());
    std::vector<int64_t> numbers(count, 77);
    vocabulary.find_numbers(views, numbers);
    for (size_t i = 0; i < count; ++i) {
      CAPTURE(count, i);
      CHECK(numbers[i] == vocabulary.find(asked[i]).value_or(-1));
    }
  }
  CHECK(vocabulary.token_at(-1).empty());
  CHECK(vocabulary.token_at(vocabulary.size()).empty());
  CHECK(!vocabulary.row_of(-1));
  CHECK(!vocabulary.row_of(vocabulary.size()));
}

TEST_CASE("vocabulary: a table without tokens finds none, however many are asked for", "[table]") {
  const TemporaryFolder folder;
  const auto table = Table::create(folder / "t", {.rows = 3, .format = RowFormat::f32(1)});
  REQUIRE(table);
  const std::vector<std::string_view> tokens = {"a", ""};
  std::vector<int64_t> numbers(2, 5);
  table->vocabulary().find_numbers(tokens, numbers);
  CHECK(numbers == std::vector<int64_t>{-1, -1});
}

TEST_CASE("vocabulary: tokens with rows and weights of their own", "[table]") {
  const TemporaryFolder folder;
  auto writer = TableWriter::create(folder / "t", {.format = RowFormat::f32(1)});
  REQUIRE(writer);
  const std::vector<float> rows = {10, 11, 12};
  REQUIRE(writer->append(RowsIn(rows, 1)));
  const std::vector<std::string_view> first = {"a", "b"}, second = {"c", "d"};
  const std::vector<int64_t> first_rows = {0, 1}, second_rows = {1, 2};
  const std::vector<float> first_weights = {1, 0.5f}, second_weights = {1, -2};
  REQUIRE(writer->add_tokens(first, first_rows, first_weights));
  REQUIRE(writer->add_tokens(second, second_rows, second_weights));
  REQUIRE(writer->finish());
  const auto table = Table::open(folder / "t");
  REQUIRE(table);
  const Vocabulary& vocabulary = table->vocabulary();
  CHECK(vocabulary.size() == 4);
  CHECK(!vocabulary.tokens_are_rows());
  CHECK(vocabulary.has_weights());
  CHECK(vocabulary.find("b") == 1);
  CHECK(vocabulary.find("c") == 1);
  CHECK(vocabulary.find("d") == 2);
  CHECK(vocabulary.token(1) == "b");
  CHECK(vocabulary.weight_of(1) == 0.5f);
  CHECK(vocabulary.weight_of(2) == 1.0f);
  CHECK(vocabulary.weight_of(3) == -2.0f);
}

TEST_CASE("table writer: rows behind those of the words need no tokens", "[table]") {
  const TemporaryFolder folder;
  auto writer = TableWriter::create(folder / "t", {.format = RowFormat::f32(1)});
  REQUIRE(writer);
  const std::vector<float> rows = {1, 2};
  const std::vector<std::string_view> tokens = {"x", "y"};
  REQUIRE(writer->append(RowsIn(rows, 1), tokens));
  REQUIRE(writer->append(RowsIn(rows, 1)));
  REQUIRE(writer->finish());
  const auto table = Table::open(folder / "t");
  REQUIRE(table);
  CHECK(table->rows() == 4);
  CHECK(table->vocabulary().size() == 2);
  CHECK(table->vocabulary().find("y") == 1);
  CHECK(table->vocabulary().token(2).empty());
}

TEST_CASE("table writer: tokens that cannot be are refused", "[table]") {
  const TemporaryFolder folder;
  const std::vector<float> rows = {1, 2};
  const std::vector<std::string_view> tokens = {"x", "y"};
  const auto writer_with_rows = [&](bool named) {
    auto writer = TableWriter::create(folder / "t", {.format = RowFormat::f32(1)});
    REQUIRE(writer);
    REQUIRE(writer->append(RowsIn(rows, 1), named ? std::span(tokens) : std::span<const std::string_view>()));
    return std::move(*writer);
  };
  SECTION("behind rows without") {
    auto writer = writer_with_rows(false);
    CHECK(writer.append(RowsIn(rows, 1), tokens).error().code == ErrorCode::kInvalidArgument);
  }
  SECTION("by themselves behind tokens of rows") {
    auto writer = writer_with_rows(true);
    CHECK(writer.add_tokens(tokens).error().code == ErrorCode::kInvalidArgument);
  }
  SECTION("other numbers of rows or weights") {
    auto writer = writer_with_rows(false);
    const std::vector<int64_t> one = {0};
    const std::vector<float> three = {1, 2, 3};
    CHECK(!writer.add_tokens(tokens, one));
    CHECK(!writer.add_tokens(tokens, {}, three));
  }
  SECTION("a row below 0, and one that never came") {
    auto writer = writer_with_rows(false);
    const std::vector<int64_t> below = {0, -1}, beyond = {0, 2};
    CHECK(!writer.add_tokens(tokens, below));
    auto other = writer_with_rows(false);
    REQUIRE(other.add_tokens(tokens, beyond));
    CHECK(other.finish().error().code == ErrorCode::kInvalidArgument);
    CHECK(!Table::open(folder / "t"));
  }
}

TEST_CASE("vocabulary: damaged rows and weights give nothing, and never a read out of bounds", "[table]") {
  const TemporaryFolder folder;
  auto writer = TableWriter::create(folder / "t", {.format = RowFormat::f32(1)});
  REQUIRE(writer);
  const std::vector<float> rows = {10, 11};
  REQUIRE(writer->append(RowsIn(rows, 1)));
  const std::vector<std::string_view> tokens = {"a", "b"};
  const std::vector<int64_t> swapped = {1, 0};
  REQUIRE(writer->add_tokens(tokens, swapped));
  REQUIRE(writer->finish());
  const auto good = read_all(folder / "t");
  const auto header = safetensors::parse(std::span(good).first(4096), good.size());
  REQUIRE(header);
  REQUIRE(header->find("vocab.rows"));
  for (const uint64_t value : {uint64_t{2}, uint64_t{1} << 40, ~uint64_t{0}}) {
    auto bytes = good;
    store(&bytes[header->find("vocab.rows")->begin], value);
    write_all(folder / "bad", bytes);
    const auto table = Table::open(folder / "bad");
    REQUIRE(table);
    CHECK(!table->vocabulary().find("a"));
    CHECK(table->vocabulary().find("b") == 0);
    CHECK(table->vocabulary().token(1).empty());
  }
}
