#include <windrow/embed.h>
#include <windrow/lookup.h>
#include <windrow/table_writer.h>
#include <windrow/word_vectors.h>

#include <cmath>
#include <string>
#include <vector>

#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace windrow;

namespace {

constexpr size_t kDim = 3;

// Tokens a, b, c with rows that differ in direction and length.
const std::vector<float> kRows = {1, 2, 2, -3, 0, 4, 0, 0, 0, 5, 6, 7};

struct NewTable {
  bool own_rows = false;  // tokens have rows in another order, and weights
  std::optional<Subwords> subwords = {};
};

Table make_table(const std::string& path, const NewTable& how = {}) {
  TableWriterSpec spec{.format = RowFormat::f32(kDim)};
  spec.subwords = how.subwords;
  auto writer = TableWriter::create(path, spec);
  REQUIRE(writer);
  REQUIRE(writer->append(RowsIn(kRows, kDim)));
  const std::vector<std::string_view> tokens = {"a", "b", "zero"};
  const std::vector<int64_t> rows = {3, 1, 2};
  const std::vector<float> weights = {0.5f, 2, 1};
  if (how.own_rows) {
    REQUIRE(writer->add_tokens(tokens, rows, weights));
  } else {
    REQUIRE(writer->add_tokens(tokens));
  }
  REQUIRE(writer->finish());
  auto table = Table::open(path);
  REQUIRE(table);
  return *table;
}

struct Embedded {
  std::vector<float> values;
  EmbedReport report;
};

Embedded embed_texts(const Table& table, const std::vector<std::vector<std::string_view>>& texts,
                     const EmbedOptions& options) {
  std::vector<std::string_view> tokens;
  std::vector<int64_t> lengths;
  for (const auto& text : texts) {
    tokens.insert(tokens.end(), text.begin(), text.end());
    lengths.push_back(static_cast<int64_t>(text.size()));
  }
  TokenBags bags;
  bags.tokens = tokens;
  bags.lengths = std::span<const int64_t>(lengths);
  Embedded result{std::vector<float>(texts.size() * kDim, 99.0f), {}};
  const auto report = embed(table, bags, RowsOut(result.values, kDim), options);
  INFO((report ? std::string() : report.error().message));
  REQUIRE(report);
  result.report = *report;
  return result;
}

// The vector of a text by the words of the recipe, in double.
std::vector<double> row(size_t r) {
  return {kRows[r * kDim], kRows[r * kDim + 1], kRows[r * kDim + 2]};
}

void check_close(const std::vector<float>& values, size_t text, const std::vector<double>& expected) {
  for (size_t c = 0; c < kDim; ++c) {
    CAPTURE(text, c);
    CHECK(std::abs(static_cast<double>(values[text * kDim + c]) - expected[c]) < 1e-6);
  }
}

}  // namespace

TEST_CASE("token_rows: each policy for unknown tokens", "[lookup]") {
  const TemporaryFolder folder;
  const Table table = make_table(folder / "t");
  const std::vector<std::string_view> tokens = {"b", "what", "a"};
  std::vector<int64_t> rows(3, 9);
  const auto refused = token_rows(table, tokens, rows);
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::kNotFound);
  CHECK(refused.error().message.find("tokens[1] is 'what'") != std::string::npos);
  const auto skipped = token_rows(table, tokens, rows, {.unknown = UnknownTokens::kSkip});
  REQUIRE(skipped);
  CHECK(*skipped == 1);
  CHECK(rows == std::vector<int64_t>{1, -1, 0});
  REQUIRE(token_rows(table, tokens, rows, {.unknown = UnknownTokens::kRow, .unknown_row = 3}));
  CHECK(rows == std::vector<int64_t>{1, 3, 0});
  CHECK(!token_rows(table, tokens, rows, {.unknown = UnknownTokens::kRow, .unknown_row = 4}));
  CHECK(!token_rows(table, tokens, rows, {.unknown = UnknownTokens::kSubwords}));
  CHECK(!token_rows(table, tokens, std::span(rows).first(2), {.unknown = UnknownTokens::kSkip}));
}

TEST_CASE("embed: the mean of the tokens' rows, and zeros for a text without any", "[lookup]") {
  const TemporaryFolder folder;
  const Table table = make_table(folder / "t");
  const auto got = embed_texts(table, {{"a", "b", "b"}, {}, {"nothing", "here"}, {"nothing", "a"}}, {});
  check_close(got.values, 0, {(1 - 3 - 3) / 3.0, 2 / 3.0, 10 / 3.0});
  check_close(got.values, 1, {0, 0, 0});
  check_close(got.values, 2, {0, 0, 0});
  check_close(got.values, 3, row(0));
  CHECK(got.report.used_tokens == 4);
  CHECK(got.report.unknown_tokens == 3);
  CHECK(got.report.empty_texts == 2);
}

TEST_CASE("embed: a row can stand for unknown tokens, and they can be an error", "[lookup]") {
  const TemporaryFolder folder;
  const Table table = make_table(folder / "t");
  EmbedOptions options;
  options.tokens = {UnknownTokens::kRow, 3};
  check_close(embed_texts(table, {{"nothing"}}, options).values, 0, row(3));
  options.tokens.unknown = UnknownTokens::kError;
  const std::vector<std::string_view> tokens = {"a", "nothing"};
  const std::vector<int64_t> offsets = {0, 2};
  TokenBags bags;
  bags.tokens = tokens;
  bags.offsets = std::span<const int64_t>(offsets);
  std::vector<float> out(kDim);
  const auto refused = embed(table, bags, RowsOut(out, kDim), options);
  REQUIRE(!refused);
  CHECK(refused.error().message.find("tokens[1] is 'nothing'") != std::string::npos);
  options.tokens = {UnknownTokens::kRow, -1};
  CHECK(embed(table, bags, RowsOut(out, kDim), options).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("embed: model2vec weighs tokens, divides by their number, and takes 512 that are known", "[lookup]") {
  const TemporaryFolder folder;
  const Table table = make_table(folder / "t", {.own_rows = true});
  EmbedOptions options;
  options.recipe = Recipe::kModel2vec;
  // a: 0.5 x row 3; b: 2 x row 1
  const auto got = embed_texts(table, {{"a", "unknown", "b"}}, options);
  check_close(got.values, 0, {(2.5 - 6) / 2, 3 / 2.0, (3.5 + 8) / 2});

  std::vector<std::string_view> text(511, "a");
  text.insert(text.begin(), 100, "unknown");
  text.push_back("b");
  text.push_back("b");  // the 513th that is known
  const auto cut = embed_texts(table, {text}, options);
  CHECK(cut.report.used_tokens == 512);
  check_close(cut.values, 0, {(511 * 2.5 - 6) / 512, 511 * 3.0 / 512, (511 * 3.5 + 8) / 512});

  options.tokens.unknown = UnknownTokens::kSubwords;
  std::vector<float> out;
  CHECK(embed(table, TokenBags(), RowsOut(out, kDim), options).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("embed: fasttext averages unit vectors of the words that have one", "[lookup]") {
  const TemporaryFolder folder;
  const Table table = make_table(folder / "t");
  EmbedOptions options;
  options.recipe = Recipe::kFasttext;
  const auto got = embed_texts(table, {{"a", "zero", "b", "unknown"}, {"zero"}}, options);
  check_close(got.values, 0, {(1 / 3.0 - 0.6) / 2, (2 / 3.0) / 2, (2 / 3.0 + 0.8) / 2});
  check_close(got.values, 1, {0, 0, 0});
  CHECK(got.report.empty_texts == 1);
  CHECK(got.report.unknown_tokens == 1);
}

TEST_CASE("embed: subwords give unknown words a vector", "[lookup]") {
  const TemporaryFolder folder;
  Subwords subwords{.min_n = 2, .max_n = 2, .buckets = 1, .first_row = 3};
  const Table table = make_table(folder / "t", {.subwords = subwords});
  EmbedOptions options;
  options.tokens.unknown = UnknownTokens::kSubwords;
  // All n-grams have row 3; `a` is the mean of its own row and those of `<a` and `a>`.
  const auto got = embed_texts(table, {{"xyz"}, {"a"}, {"xyz", "a"}}, options);
  check_close(got.values, 0, row(3));
  check_close(got.values, 1, {(1 + 5 + 5) / 3.0, (2 + 6 + 6) / 3.0, (2 + 7 + 7) / 3.0});
  check_close(got.values, 2, {(5 + 11 / 3.0) / 2, (6 + 14 / 3.0) / 2, (7 + 16 / 3.0) / 2});
}

TEST_CASE("embed: normalized vectors have length 1", "[lookup]") {
  const TemporaryFolder folder;
  const Table table = make_table(folder / "t");
  EmbedOptions options;
  options.normalize = true;
  const auto got = embed_texts(table, {{"a"}, {"zero"}, {"b", "b"}}, options);
  check_close(got.values, 0, {1 / 3.0, 2 / 3.0, 2 / 3.0});
  check_close(got.values, 1, {0, 0, 0});
  check_close(got.values, 2, {-0.6, 0, 0.8});
}

TEST_CASE("embed: many texts in blocks, with any number of threads, give the same bits", "[lookup]") {
  const TemporaryFolder folder;
  const Table table = make_table(folder / "t");
  std::vector<std::vector<std::string_view>> texts;
  for (size_t t = 0; t < 9000; ++t) texts.push_back(std::vector<std::string_view>(t % 7, t % 3 ? "a" : "b"));
  texts.push_back(std::vector<std::string_view>(40'000, "b"));
  texts.push_back({"a"});
  for (const Recipe recipe : {Recipe::kMean, Recipe::kFasttext}) {
    EmbedOptions options;
    options.recipe = recipe;
    options.threads = 1;
    const auto one = embed_texts(table, texts, options);
    options.threads = 3;
    CHECK(embed_texts(table, texts, options).values == one.values);
    for (const size_t t : {size_t{3}, size_t{8996}, texts.size() - 2, texts.size() - 1}) {
      CAPTURE(t);
      CHECK(embed_texts(table, {texts[t]}, options).values ==
            std::vector<float>(one.values.begin() + static_cast<ptrdiff_t>(t * kDim),
                               one.values.begin() + static_cast<ptrdiff_t>(t * kDim + kDim)));
    }
  }
}

TEST_CASE("embed: texts of numbers go by tokens, or by rows where there are none", "[lookup]") {
  const TemporaryFolder folder;
  const std::vector<int64_t> ids = {0, 1, 77}, offsets = {0, 3};
  Bags bags;
  bags.ids = std::span<const int64_t>(ids);
  bags.offsets = std::span<const int64_t>(offsets);
  std::vector<float> out(kDim);
  EmbedOptions options;
  options.recipe = Recipe::kModel2vec;
  const auto report = embed(make_table(folder / "t", {.own_rows = true}), bags, RowsOut(out, kDim), options);
  REQUIRE(report);
  CHECK(report->unknown_tokens == 1);
  check_close(out, 0, {(2.5 - 6) / 2, 3 / 2.0, (3.5 + 8) / 2});

  const auto rows = Table::wrap(kRows.data(), 4, RowFormat::f32(kDim));
  REQUIRE(rows);
  REQUIRE(embed(*rows, bags, RowsOut(out, kDim), {}));
  check_close(out, 0, {-1, 1, 3});
  options.recipe = Recipe::kFasttext;
  CHECK(embed(*rows, bags, RowsOut(out, kDim), options).error().code == ErrorCode::kInvalidArgument);
  options = {};
  options.tokens.unknown = UnknownTokens::kSubwords;
  CHECK(embed(*rows, bags, RowsOut(out, kDim), options).error().code == ErrorCode::kInvalidArgument);
  const std::vector<float> weights = {1, 1, 1};
  bags.weights = weights;
  CHECK(embed(*rows, bags, RowsOut(out, kDim), {}).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("embed: the number of no token is no word, not even an empty one", "[lookup]") {
  const TemporaryFolder folder;
  Subwords subwords{.min_n = 2, .max_n = 2, .buckets = 1, .first_row = 3};
  const Table table = make_table(folder / "t", {.subwords = subwords});
  const std::vector<int64_t> ids = {-1, 0, 3, 1 << 20}, offsets = {0, 1, 4};
  Bags bags;
  bags.ids = std::span<const int64_t>(ids);
  bags.offsets = std::span<const int64_t>(offsets);
  std::vector<float> out(2 * kDim);
  EmbedOptions options;
  options.tokens.unknown = UnknownTokens::kSubwords;
  const auto report = embed(table, bags, RowsOut(out, kDim), options);
  REQUIRE(report);
  CHECK(report->unknown_tokens == 3);
  CHECK(report->used_tokens == 1);
  CHECK(report->empty_texts == 1);
  check_close(out, 0, {0, 0, 0});
  check_close(out, 1, {(1 + 5 + 5) / 3.0, (2 + 6 + 6) / 3.0, (2 + 7 + 7) / 3.0});
  options.recipe = Recipe::kFasttext;
  options.tokens.unknown = UnknownTokens::kError;
  const auto refused = embed(table, bags, RowsOut(out, kDim), options);
  REQUIRE(!refused);
  CHECK(refused.error().message.find("ids[0] is -1") != std::string::npos);
}

TEST_CASE("embed: a wrong shape leaves the output alone", "[lookup]") {
  const TemporaryFolder folder;
  const Table table = make_table(folder / "t");
  const std::vector<std::string_view> tokens = {"a"};
  const std::vector<int64_t> offsets = {0, 1}, wrong = {0, 2};
  TokenBags bags;
  bags.tokens = tokens;
  bags.offsets = std::span<const int64_t>(wrong);
  std::vector<float> out(2 * kDim, 4.0f);
  CHECK(!embed(table, bags, RowsOut(std::span(out).first(kDim), kDim), {}));
  bags.offsets = std::span<const int64_t>(offsets);
  CHECK(!embed(table, bags, RowsOut(out, kDim), {}));
  CHECK(out == std::vector<float>(2 * kDim, 4.0f));
}
