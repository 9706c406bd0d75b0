#include <windrow/word_vectors.h>

#include <windrow/lookup.h>
#include <windrow/table_writer.h>

#include <cstring>
#include <string>
#include <vector>

#include "support/catch.h"
#include "support/temporary_folder.h"
#include "table/subwords.h"

using namespace windrow;

namespace {

constexpr size_t kDim = 5;
const std::vector<std::string> kWords = {"the", "caf\xC3\xA9", "</s>", "", "the", "subwords"};

Subwords some_subwords() {
  Subwords subwords;
  subwords.min_n = 2;
  subwords.max_n = 4;
  subwords.buckets = 37;
  subwords.first_row = static_cast<int64_t>(kWords.size());
  return subwords;
}

std::vector<float> some_rows(size_t rows) {
  std::vector<float> values(rows * kDim);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 7919 % 1009) / 500 - 1;
  return values;
}

// Rows of the words with their tokens, then those of the buckets.
Table table_with(const std::string& path, const Subwords& subwords, const RowFormat& format = RowFormat::f32(kDim),
                 const std::vector<int64_t>& kept = {}, bool has_tokens = true) {
  TableWriterSpec spec;
  spec.format = format;
  spec.subwords = subwords;
  spec.kept_buckets = kept;
  auto writer = TableWriter::create(path, spec);
  REQUIRE(writer);
  const auto words = static_cast<size_t>(subwords.first_row);
  const std::vector<float> values = some_rows(words + static_cast<size_t>(subwords.rows()));
  const std::vector<std::string_view> tokens(kWords.begin(), kWords.end());
  const std::span<const float> all(values);
  if (has_tokens) REQUIRE(writer->append(RowsIn(all.first(words * kDim), kDim), tokens));
  REQUIRE(writer->append(RowsIn(all.subspan(has_tokens ? words * kDim : 0), kDim)));
  REQUIRE(writer->finish());
  auto table = Table::open(path);
  REQUIRE(table);
  REQUIRE(table->subwords());
  CHECK(*table->subwords() == subwords);
  return *table;
}

std::vector<std::string_view> views(const std::vector<std::string>& words) { return {words.begin(), words.end()}; }

// From the definition: the rows of one word.
std::vector<int64_t> expected_rows(const Subwords& subwords, const std::string& word) {
  std::vector<int64_t> rows;
  for (size_t w = 0; w < kWords.size() && rows.empty(); ++w) {
    if (kWords[w] == word) rows.push_back(static_cast<int64_t>(w));
  }
  append_subword_rows(SubwordRows(subwords), word, rows);
  return rows;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("word vectors: the rows of a word are its own, then those of its n-grams", "[lookup]") {
  const TemporaryFolder folder;
  const Subwords subwords = some_subwords();
  const Table table = table_with(folder / "t", subwords);
  const std::vector<std::string> words = {"the", "unknown", "</s>", "caf\xC3\xA9", "caf\xC3", "", "x"};
  const auto rows = word_rows(table, views(words));
  REQUIRE(rows);
  REQUIRE(rows->offsets.size() == words.size() + 1);
  for (size_t w = 0; w < words.size(); ++w) {
    CAPTURE(words[w]);
    const auto begin = rows->ids.begin() + rows->offsets[w], end = rows->ids.begin() + rows->offsets[w + 1];
    CHECK(std::vector<int64_t>(begin, end) == expected_rows(subwords, words[w]));
  }
  CHECK(rows->ids[0] == 0);  // of equal tokens the first
  CHECK(rows->offsets[3] - rows->offsets[2] == 1);  // `</s>` has its row alone
  CHECK(rows->sources == std::vector<WordSource>{WordSource::kVocabulary, WordSource::kSubwords,
                                                 WordSource::kVocabulary, WordSource::kVocabulary,
                                                 WordSource::kSubwords, WordSource::kVocabulary,
                                                 WordSource::kSubwords});
}

TEST_CASE("word vectors: they are the means of those rows, whatever the rows are stored as", "[lookup]") {
  const TemporaryFolder folder;
  const Subwords subwords = some_subwords();
  std::vector<std::string> words = kWords;
  for (int i = 0; i < 20'000; ++i) words.push_back("word" + std::to_string(i * 7919));  // more than a block
  for (const RowFormat& format : {RowFormat::f32(kDim), RowFormat::bf16(kDim), RowFormat::int8(kDim)}) {
    CAPTURE(row_format_name(format.kind));
    const Table table = table_with(folder / "t", subwords, format);
    WordRows rows;
    rows.offsets.push_back(0);
    for (const std::string& word : words) {
      const auto list = expected_rows(subwords, word);
      rows.ids.insert(rows.ids.end(), list.begin(), list.end());
      rows.offsets.push_back(static_cast<int64_t>(rows.ids.size()));
    }
    std::vector<float> expected(words.size() * kDim);
    REQUIRE(pool(table, rows.bags(), Pooling::kMean, RowsOut(expected, kDim)));
    for (const int threads : {1, 2, 7}) {
      CAPTURE(threads);
      std::vector<float> vectors(words.size() * kDim, -1);
      const auto report = word_vectors(table, views(words), RowsOut(vectors, kDim), {}, threads);
      REQUIRE(report);
      CHECK(report->from_vocabulary == static_cast<int64_t>(kWords.size()));
      CHECK(report->from_subwords == 20'000);
      CHECK(report->not_found == 0);
      CHECK(same_bits(vectors, expected));
      const auto all = word_rows(table, views(words), threads);
      REQUIRE(all);
      CHECK(all->ids == rows.ids);
      CHECK(all->offsets == rows.offsets);
    }
  }
}

TEST_CASE("word vectors: a mean is the sum over the number of rows", "[lookup]") {
  const TemporaryFolder folder;
  const Subwords subwords = some_subwords();
  const Table table = table_with(folder / "t", subwords);
  const auto values = some_rows(kWords.size() + 37);
  for (const std::string word : {"the", "unknown", "\xE7\x8C\xAB"}) {
    const auto rows = expected_rows(subwords, word);
    std::vector<float> vector(kDim), expected(kDim);
    for (size_t c = 0; c < kDim; ++c) {
      for (const int64_t row : rows) expected[c] += values[static_cast<size_t>(row) * kDim + c];
      expected[c] /= static_cast<float>(rows.size());
    }
    const std::string_view view = word;
    REQUIRE(word_vectors(table, {&view, 1}, RowsOut(vector, kDim)));
    CHECK(same_bits(vector, expected));
  }
}

TEST_CASE("word vectors: a word of which nothing is known gets zeros, and is counted", "[lookup]") {
  const TemporaryFolder folder;
  Subwords subwords = some_subwords();
  subwords.min_n = subwords.max_n = 6;
  const Table table = table_with(folder / "t", subwords);
  const std::vector<std::string> words = {"x", "subwords", "unknown", "xyz"};
  std::vector<float> vectors(4 * (kDim + 1), -1);
  std::vector<WordSource> sources(4);
  const auto report = word_vectors(table, views(words), RowsOut(vectors, kDim + 1), sources);
  REQUIRE(report);
  CHECK(report->not_found == 2);
  CHECK(report->from_subwords == 1);
  CHECK(report->from_vocabulary == 1);
  CHECK(sources == std::vector<WordSource>{WordSource::kNone, WordSource::kVocabulary, WordSource::kSubwords,
                                           WordSource::kNone});
  for (size_t w : {0, 3}) {
    for (size_t c = 0; c < kDim; ++c) CHECK(vectors[w * (kDim + 1) + c] == 0);
  }
  for (size_t w = 0; w < 4; ++w) CHECK(vectors[w * (kDim + 1) + kDim] == -1);  // further columns are left alone
}

TEST_CASE("word vectors: a table without subwords has the rows of its words", "[lookup]") {
  const TemporaryFolder folder;
  const std::vector<std::string_view> tokens = {"a", "b"};
  const auto table = Table::create(folder / "t", {.rows = 2, .format = RowFormat::f32(kDim), .tokens = tokens});
  REQUIRE(table);
  const std::vector<std::string_view> words = {"b", "c", "a"};
  const auto rows = word_rows(*table, words);
  REQUIRE(rows);
  CHECK(rows->ids == std::vector<int64_t>{1, 0});
  CHECK(rows->offsets == std::vector<int64_t>{0, 1, 1, 2});
  const auto plain = Table::create(folder / "u", {.rows = 2, .format = RowFormat::f32(kDim)});
  REQUIRE(plain);
  std::vector<float> vectors(3 * kDim, -1);
  const auto report = word_vectors(*plain, words, RowsOut(vectors, kDim));
  REQUIRE(report);
  CHECK(report->not_found == 3);
  CHECK(vectors == std::vector<float>(3 * kDim));
}

TEST_CASE("word vectors: tokens with rows of their own", "[lookup]") {
  const TemporaryFolder folder;
  TableWriterSpec spec;
  spec.format = RowFormat::f32(kDim);
  auto writer = TableWriter::create(folder / "t", spec);
  REQUIRE(writer);
  const auto values = some_rows(3);
  REQUIRE(writer->append(RowsIn(std::span<const float>(values), kDim)));
  const std::vector<std::string_view> tokens = {"a", "b", "c", "d"};
  const std::vector<int64_t> token_rows = {2, 0, 2, 1};
  REQUIRE(writer->add_tokens(tokens, token_rows));
  REQUIRE(writer->finish());
  const auto table = Table::open(folder / "t");
  REQUIRE(table);
  const auto rows = word_rows(*table, std::vector<std::string_view>{"c", "d", "b"});
  REQUIRE(rows);
  CHECK(rows->ids == std::vector<int64_t>{2, 1, 0});
}

TEST_CASE("word vectors: where words are whole, only unknown ones are made of n-grams", "[lookup]") {
  const TemporaryFolder folder;
  Subwords subwords = some_subwords();
  subwords.words_are_whole = true;
  const Table table = table_with(folder / "t", subwords);
  const std::vector<std::string> words = {"subwords", "unheard"};
  const auto rows = word_rows(table, views(words));
  REQUIRE(rows);
  CHECK(rows->sources == std::vector<WordSource>{WordSource::kVocabulary, WordSource::kSubwords});
  REQUIRE(rows->offsets[1] == 1);
  CHECK(rows->ids[0] == 5);
  const std::vector<int64_t> expected = expected_rows(subwords, "unheard");
  CHECK(std::vector<int64_t>(rows->ids.begin() + 1, rows->ids.end()) == expected);
  std::vector<float> vectors(2 * kDim);
  REQUIRE(word_vectors(table, views(words), RowsOut(vectors, kDim)));
  const auto values = some_rows(6);
  CHECK(std::equal(vectors.begin(), vectors.begin() + kDim, values.begin() + 5 * kDim));
}

TEST_CASE("word vectors: floret's words need no vocabulary", "[lookup]") {
  const TemporaryFolder folder;
  Subwords subwords = some_subwords();
  subwords.hash = Subwords::Hash::kFloret;
  subwords.hash_count = 2;
  subwords.first_row = 0;
  const Table table = table_with(folder / "t", subwords, RowFormat::f32(kDim), {}, false);
  const auto rows = word_rows(table, std::vector<std::string_view>{"apple", ""});
  REQUIRE(rows);
  // `<apple>` has 7 characters: 6 + 5 + 4 n-grams, and the word; `<>` is a word and an n-gram.
  CHECK(rows->offsets == std::vector<int64_t>{0, 2 * 16, 2 * 18});
  CHECK(rows->sources == std::vector<WordSource>(2, WordSource::kSubwords));
}

TEST_CASE("word vectors: n-grams whose rows were pruned do not count", "[lookup]") {
  const TemporaryFolder folder;
  Subwords whole = some_subwords();
  const std::vector<int64_t> kept = {3, 11, 20, 36};
  Subwords pruned = whole;
  pruned.kept = static_cast<int64_t>(kept.size());
  const Table table = table_with(folder / "t", pruned, RowFormat::f32(kDim), kept);
  const auto values = some_rows(kWords.size() + kept.size());
  std::vector<std::string> words = {"the", "q"};
  for (int i = 0; i < 300; ++i) words.push_back("w" + std::to_string(i));
  std::vector<float> vectors(words.size() * kDim, -1);
  std::vector<WordSource> sources(words.size());
  const auto report = word_vectors(table, views(words), RowsOut(vectors, kDim), sources);
  REQUIRE(report);
  CHECK(report->not_found > 0);
  CHECK(report->from_subwords > 0);
  for (size_t w = 0; w < words.size(); ++w) {
    CAPTURE(words[w]);
    std::vector<float> expected(kDim);
    size_t count = 0;
    for (const int64_t row : expected_rows(whole, words[w])) {
      int64_t place = row;
      if (row >= whole.first_row) {
        const auto found = std::find(kept.begin(), kept.end(), row - whole.first_row);
        if (found == kept.end()) continue;
        place = whole.first_row + (found - kept.begin());
      }
      ++count;
      for (size_t c = 0; c < kDim; ++c) expected[c] += values[static_cast<size_t>(place) * kDim + c];
    }
    for (float& value : expected) value = count > 0 ? value / static_cast<float>(count) : 0.0f;
    CHECK(std::memcmp(expected.data(), vectors.data() + w * kDim, kDim * sizeof(float)) == 0);
    CHECK((sources[w] == WordSource::kNone) == (count == 0));
  }
  const auto rows = word_rows(table, views(words));
  REQUIRE(rows);
  std::vector<float> pooled(vectors.size());
  LookupOptions options;
  options.padding_id = WordRows::kNoRow;
  REQUIRE(pool(table, rows->bags(), Pooling::kMean, RowsOut(pooled, kDim), options));
  CHECK(same_bits(pooled, vectors));
}

TEST_CASE("word vectors: 16-bit output is the float, rounded once", "[lookup]") {
  const TemporaryFolder folder;
  const Table table = table_with(folder / "t", some_subwords());
  std::vector<std::string> words;
  for (int i = 0; i < 5'000; ++i) words.push_back("w" + std::to_string(i));
  const auto rows = word_rows(table, views(words));
  REQUIRE(rows);
  std::vector<uint16_t> vectors(words.size() * kDim), expected(words.size() * kDim);
  REQUIRE(word_vectors(table, views(words), RowsOut(vectors, kDim, ValueType::kBf16)));
  REQUIRE(pool(table, rows->bags(), Pooling::kMean, RowsOut(expected, kDim, ValueType::kBf16)));
  CHECK(vectors == expected);
}

TEST_CASE("word vectors: what does not fit is refused, and nothing is written", "[lookup]") {
  const TemporaryFolder folder;
  const Table table = table_with(folder / "t", some_subwords());
  const std::vector<std::string_view> words = {"a", "b"};
  std::vector<float> vectors(3 * kDim, -1);
  std::vector<WordSource> sources(1);
  const auto invalid = [](const Result<WordVectorsReport>& result) {
    return !result && result.error().code == ErrorCode::kInvalidArgument;
  };
  CHECK(invalid(word_vectors(table, words, RowsOut(vectors, kDim))));
  CHECK(invalid(word_vectors(table, words, RowsOut(std::span(vectors).first(2), 1))));
  CHECK(invalid(word_vectors(table, words, RowsOut(std::span(vectors).first(2 * kDim), kDim), sources)));
  CHECK(vectors == std::vector<float>(3 * kDim, -1));
  CHECK(word_vectors(table, {}, RowsOut()));
  const auto none = word_rows(table, {});
  REQUIRE(none);
  CHECK(none->offsets == std::vector<int64_t>{0});
}
