#include "formats/fasttext_bin.h"

#include <windrow/subwords.h>

#include <limits>
#include <optional>
#include <utility>

#include "formats/formats.h"
#include "support/catch.h"
#include "table/subwords.h"
#include "tools/command.h"
#include "tools/vectors.h"

// Models put together field by field, as FastText::saveModel writes them: what its options, and older versions of it,
// leave different from the models in tests/data/fasttext.

using namespace windrow;
using namespace windrow::tools;

namespace {

constexpr int32_t kSkipgram = 2, kSupervised = 3;

struct Model {
  int32_t version = 12;  // 0: no magic number
  bool floret = false;
  int32_t dim = 3;
  int32_t kind = kSkipgram;
  int32_t buckets = 4;
  int32_t min_n = 2, max_n = 3;
  std::vector<std::pair<std::string, bool>> entries = {{"the", false}, {"caf\xC3\xA9", false}};  // and whether a label
  int32_t words = 2;
  std::optional<std::vector<std::pair<int32_t, int32_t>>> kept = {};
  std::optional<std::string> input = {};  // behind the byte that says how it is stored
  bool quantised = false;
  int64_t rows = 6;
};

template <class Number>
std::string raw(std::initializer_list<Number> numbers) {
  return std::string(reinterpret_cast<const char*>(numbers.begin()), numbers.size() * sizeof(Number));
}

// Row r is (r, r + 0.25, ...).
std::string dense(int64_t rows, int64_t dim) {
  std::string bytes = raw<int64_t>({rows, dim});
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < dim; ++c) bytes += raw({static_cast<float>(r) + 0.25f * static_cast<float>(c)});
  }
  return bytes;
}

// `pieces` of two values, the last of one: value i of centroid k of piece p is 100 p + k + i / 2.
std::string quantiser(int32_t dim, int32_t pieces, int32_t piece, int32_t last_piece) {
  std::string bytes = raw({dim, pieces, piece, last_piece});
  for (int32_t p = 0; p < pieces; ++p) {
    const int32_t size = p + 1 == pieces ? last_piece : piece;
    for (int32_t k = 0; k < 256; ++k) {
      for (int32_t i = 0; i < size; ++i) bytes += raw({static_cast<float>(100 * p + k) + 0.5f * static_cast<float>(i)});
    }
  }
  return bytes;
}

// Rows of three values by codes (2 r, 3 r), with lengths r + 1.
std::string coded(int64_t rows, bool norms) {
  std::string bytes = raw({static_cast<uint8_t>(norms)});
  bytes += raw<int64_t>({rows, 3}) + raw({static_cast<int32_t>(2 * rows)});
  for (int64_t r = 0; r < rows; ++r) bytes += raw({static_cast<uint8_t>(2 * r), static_cast<uint8_t>(3 * r)});
  bytes += quantiser(3, 2, 2, 1);
  for (int64_t r = 0; norms && r < rows; ++r) bytes += raw({static_cast<uint8_t>(r + 1)});
  return norms ? bytes + quantiser(1, 1, 1, 1) : bytes;
}

std::string bytes_of_model(const Model& m) {
  std::string bytes;
  if (m.version > 0) bytes += raw<int32_t>({793712314, m.version});
  bytes += raw<int32_t>({m.dim, 5, 5, 1, 5, 1, 2, m.kind, m.buckets, m.min_n, m.max_n});
  if (m.floret) bytes += raw<int32_t>({1, 2});
  bytes += raw<int32_t>({100}) + raw({1e-4});
  const auto entries = static_cast<int32_t>(m.entries.size());
  bytes += raw<int32_t>({entries, m.words, entries - m.words}) + raw<int64_t>({1000});
  if (m.version > 0) bytes += raw<int64_t>({m.kept ? static_cast<int64_t>(m.kept->size()) : -1});
  for (const auto& [word, is_label] : m.entries)
    bytes += word + '\0' + raw<int64_t>({7}) + raw({static_cast<int8_t>(is_label)});
  if (m.kept) {
    for (const auto& [bucket, row] : *m.kept) bytes += raw({bucket, row});
  }
  if (m.version > 0) bytes += raw({static_cast<uint8_t>(m.quantised)});
  bytes += m.input ? *m.input : dense(m.rows, m.dim);
  if (m.version > 0) bytes += raw<uint8_t>({0});
  return bytes + dense(m.words, m.dim);
}

Vectors read(const std::string& bytes, bool words_only = false, bool lenient = false) {
  return read_vectors(read_fasttext_bin(bytes_in_memory(bytes, "model"), words_only, lenient));
}
Vectors read(const Model& model, bool words_only = false) { return read(bytes_of_model(model), words_only); }

std::optional<Subwords> subwords_of(const Model& model) {
  const auto reader = read_fasttext_bin(bytes_in_memory(bytes_of_model(model)));
  REQUIRE(reader);
  return (*reader)->header().subwords;
}

std::string detected(const std::string& bytes) {
  const auto format = detect_format(FileStart{bytes, bytes.size()}, "file");
  return format ? std::string((*format)->name) : format.error().message;
}

bool has_remark(const Model& model, const std::string& part) {
  const auto reader = read_fasttext_bin(bytes_in_memory(bytes_of_model(model)));
  REQUIRE(reader);
  for (const std::string& remark : (*reader)->findings().remarks) {
    if (contains(remark, part)) return true;
  }
  return false;
}

Model quantised(bool norms, int64_t rows = 6) {
  Model model;
  model.quantised = true;
  model.input = coded(rows, norms);
  model.rows = rows;
  return model;
}

}  // namespace

TEST_CASE("fasttext layouts: before there was a magic number", "[tools]") {
  Model model;
  const Vectors expected = read(model);
  REQUIRE(expected.error.empty());
  CHECK(expected.values.size() == 18);
  CHECK(detected(bytes_of_model(model)) == "fasttext-bin");
  for (const int32_t dim : {3, 10, 32}) {  // 10 and 32 begin like a line of text
    CAPTURE(dim);
    model.dim = dim;
    model.version = 0;
    const std::string old = bytes_of_model(model);
    CHECK(detected(old) == "fasttext-bin");
    const Vectors got = read(old);
    CHECK(got.error.empty());
    if (dim == 3) CHECK(got.values == expected.values);
    CHECK(got.tokens == expected.tokens);
    // Only the length tells such a file from any other.
    CHECK(contains(read(old + "x").error, "1 bytes follow"));
    for (size_t size = 0; size < old.size(); ++size) CHECK(!read(old.substr(0, size)).error.empty());
  }
}

TEST_CASE("fasttext layouts: version 11 had no n-grams in classifiers", "[tools]") {
  for (const int32_t version : {11, 12}) {
    Model model;
    model.version = version;
    CHECK(subwords_of(model));
    model.kind = kSupervised;
    model.entries.emplace_back("__label__a", true);
    CAPTURE(version);
    CHECK(subwords_of(model).has_value() == (version == 12));
    CHECK(read(model).tokens.size() == 2);
    CHECK(has_remark(model, "its 1 labels"));
  }
}

TEST_CASE("fasttext layouts: as many buckets as the matrix has rows for", "[tools]") {
  for (const int64_t rows : {2, 3, 5, 6, 9}) {
    Model model;
    model.rows = rows;
    CAPTURE(rows);
    const auto subwords = subwords_of(model);
    CHECK(subwords.has_value() == (rows > 2));
    if (subwords) CHECK(subwords->buckets == rows - 2);
    CHECK(has_remark(model, "declares 4 buckets") == (rows != 6));
    CHECK(read(model).values.size() == static_cast<size_t>(rows) * 3);
  }
  Model model;
  model.rows = 1;
  CHECK(contains(read(model).error, "need at least 2 x 3"));
}

TEST_CASE("fasttext layouts: words may be empty, not UTF-8, or occur twice", "[tools]") {
  Model model;
  model.entries = {{"", false}, {"kter\xEC", false}, {"a\xC2\xA0 b", false}, {"", false}};
  model.words = 4;
  const Vectors got = read(model);
  CHECK(got.error.empty());
  CHECK(got.tokens == std::vector<std::string>{"", "kter\xEC", "a\xC2\xA0 b", ""});
  CHECK(read(model, true).tokens == got.tokens);
}

TEST_CASE("fasttext layouts: a word that occurs twice cannot be left out where that moves n-grams", "[tools]") {
  const TemporaryFolder folder;
  Model model;
  model.entries = {{"the", false}, {"the", false}};
  write_bytes(folder / "twice.bin", bytes_of_model(model));
  const auto convert = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"convert", "twice.bin", "t.safetensors"});
    return windrow_command(folder, options);
  };
  CHECK(convert({}).status == 0);
  const auto refused = convert({"--drop-duplicates", "keep-first"});
  CHECK(refused.status == 1);
  CHECK(refused.says("twice.bin: the token 'the' occurs again"));
  CHECK(convert({"--drop-duplicates", "keep-first", "--words-only"}).status == 0);
}

TEST_CASE("fasttext layouts: n-grams of more characters than a table can say are refused at the start", "[tools]") {
  Model model;
  model.max_n = 1001;
  CHECK(contains(read(model).error, "n-grams of up to 1001 characters"));
  model.max_n = 1000;
  CHECK(read(model).error.empty());
}

TEST_CASE("fasttext layouts: labels among the words are refused, since rows would be those of others", "[tools]") {
  Model model;
  model.entries = {{"__label__a", true}, {"the", false}};
  CHECK(contains(read(model).error, "entry 0 of the dictionary is a label"));
  model.entries = {{"the", false}, {"cat", false}};
  model.words = 1;
  CHECK(contains(read(model).error, "entry 1 of the dictionary is a word"));
}

TEST_CASE("fasttext layouts: floret's own .bin is named", "[tools]") {
  Model model;
  model.floret = true;
  CHECK(contains(read(model).error, "a .bin of floret"));
  CHECK(contains(read(model).error, ".floret file"));
}

TEST_CASE("fasttext layouts: quantised rows are centroids, times their lengths where those are coded", "[tools]") {
  for (const bool norms : {false, true}) {
    CAPTURE(norms);
    const Model model = quantised(norms);
    const Vectors got = read(model);
    REQUIRE(got.error.empty());
    std::vector<float> expected;
    for (int r = 0; r < 6; ++r) {
      const float length = norms ? static_cast<float>(r + 1) : 1.0f;
      const auto first = static_cast<float>(2 * r), last = static_cast<float>(100 + 3 * r);
      expected.insert(expected.end(), {length * first, length * (first + 0.5f), length * last});
    }
    CHECK(got.values == expected);
    // The vector of a word, from its definition.
    std::vector<int64_t> rows = {1};
    append_subword_rows(SubwordRows(*subwords_of(model)), model.entries[1].first, rows);
    std::vector<float> sum(3);
    for (const int64_t row : rows) {
      for (size_t c = 0; c < 3; ++c) sum[c] += expected[static_cast<size_t>(row) * 3 + c];
    }
    const auto scale = static_cast<float>(1.0 / static_cast<double>(rows.size()));
    const Vectors words = read(model, true);
    REQUIRE(words.values.size() == 6);
    for (size_t c = 0; c < 3; ++c) CHECK(words.values[3 + c] == sum[c] * scale);
    const std::string whole = bytes_of_model(model);
    for (size_t size = 0; size < whole.size(); ++size) CHECK(!read(whole.substr(0, size)).error.empty());
  }
}

TEST_CASE("fasttext layouts: sizes of codes and quantisers that lie", "[tools]") {
  const auto refused = [](size_t at, int32_t value) {
    Model model = quantised(true);
    model.input->replace(at, 4, raw({value}));
    const auto error = read(model).error;
    CAPTURE(at, value, error);
    CHECK(contains(error, "byte "));
  };
  constexpr size_t kRows = 1, kDim = 9, kCodeBytes = 17, kQuantiser = 21 + 12;
  for (const int32_t value : {-1, 0, 1, 5, 7, 1000, std::numeric_limits<int32_t>::max()}) {
    for (const size_t at : {kRows, kDim, kRows + 4, kDim + 4, kCodeBytes, kQuantiser}) {
      if (value != 0 || (at != kRows + 4 && at != kDim + 4)) refused(at, value);  // 0 is what stands there
    }
    refused(kQuantiser + 4, value == 1 ? 3 : value);
    refused(kQuantiser + 8, value);
    if (value != 1) refused(kQuantiser + 12, value);
  }
}

TEST_CASE("fasttext layouts: rows of a pruned model come by bucket", "[tools]") {
  Model model = quantised(false);
  model.buckets = 100;
  model.kept = {{70, 0}, {3, 2}, {99, 1}};
  const Vectors all = read(quantised(false));
  const Vectors got = read(model);
  REQUIRE(got.error.empty());
  REQUIRE(got.values.size() == 5 * 3);
  const auto row = [](const Vectors& vectors, size_t r) {
    return std::vector<float>(vectors.values.begin() + static_cast<std::ptrdiff_t>(3 * r),
                              vectors.values.begin() + static_cast<std::ptrdiff_t>(3 * r + 3));
  };
  CHECK(row(got, 2) == row(all, 4));  // bucket 3
  CHECK(row(got, 3) == row(all, 2));  // bucket 70
  CHECK(row(got, 4) == row(all, 3));  // bucket 99
  const auto subwords = subwords_of(model);
  REQUIRE(subwords);
  CHECK(subwords->buckets == 100);
  CHECK(subwords->kept == 3);
  CHECK(has_remark(model, "3 of 100 buckets"));

  // All pruned: a word is its own row.
  model.kept = std::vector<std::pair<int32_t, int32_t>>{};
  model.input = coded(2, false);
  CHECK(!subwords_of(model));
  CHECK(read(model, true).values == read(model).values);
}

TEST_CASE("fasttext layouts: pruned models that cannot be", "[tools]") {
  Model model = quantised(false);
  using Kept = std::vector<std::pair<int32_t, int32_t>>;
  for (const Kept& kept : {Kept{{4, 0}}, Kept{{-1, 0}}, Kept{{0, -1}}, Kept{{1, 0}, {1, 1}}, Kept{{0, 4}},
                           Kept{{0, std::numeric_limits<int32_t>::max()}}}) {
    model.kept = kept;
    CAPTURE(kept[0].first, kept[0].second);
    CHECK(contains(read(model).error, "byte "));
  }
  model = Model();
  model.kept = Kept{{1, 0}};
  CHECK(contains(read(model).error, "pruned, but not quantised"));
  // The number of pairs itself.
  const std::string whole = bytes_of_model(quantised(false));
  constexpr size_t kCount = 4 + 4 + 12 * 4 + 8 + 3 * 4 + 8;
  for (const int64_t count : {int64_t{1000}, int64_t{1} << 33, int64_t{1} << 61, std::numeric_limits<int64_t>::max()}) {
    std::string bytes = whole;
    bytes.replace(kCount, 8, raw({count}));
    CHECK(contains(read(bytes).error, "the kept buckets should follow"));
  }
}

TEST_CASE("fasttext layouts: a product of rows and columns beyond 64 bits", "[tools]") {
  Model model;
  for (const int64_t rows : {int64_t{1} << 31, int64_t{1} << 61, std::numeric_limits<int64_t>::max()}) {
    model.input = raw<int64_t>({rows, 3}) + std::string(72, '\0');
    CHECK(contains(read(model).error, "the rows of a matrix should follow"));
    model.input = raw<int64_t>({6, rows}) + std::string(72, '\0');
    CHECK(contains(read(model).error, "byte "));
  }
}
