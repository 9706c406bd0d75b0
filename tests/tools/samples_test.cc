#include <windrow/table.h>
#include <windrow/word_vectors.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "tools/command.h"

// Real files of other programs, for those who have them: WINDROW_SAMPLES is a folder with gensim/, magnitude/
// and numpy/ in it, test files of those projects.

namespace {

std::string samples() {
  const char* folder = std::getenv("WINDROW_SAMPLES");
  return folder ? folder : "";
}

}  // namespace

TEST_CASE("samples: word vectors of gensim and Magnitude", "[tools]") {
  if (samples().empty()) return;
  struct Sample {
    const char* file;
    const char* format;
    int rows;
    int dim;
    const char* token;
    const char* start;  // of its row
  };
  const Sample list[] = {
      {"gensim/euclidean_vectors.bin", "word2vec-bin", 2747, 10, "fly", "fly 0.700036"},
      {"gensim/poincare_vectors.bin", "word2vec-bin", 1182, 10, "mammal.n.01", "mammal.n.01 -0.0220554"},
      {"gensim/word2vec_pre_kv_c", "word2vec-text", 1750, 10, "indonesian", "indonesian -0.017856 -0.193613"},
      {"gensim/toy-model.vec", "word2vec-text", 22, 5, "the", "the 0.068811 0.26619 0.026622"},
      {"gensim/crime-and-punishment.vec", "word2vec-text", 291, 5, "\u0438", "\u0438 -0.11189 0.12135"},
      {"gensim/lee_fasttext.vec", "word2vec-text", 1762, 10, "the", "the -0.65992 0.20966"},
      {"gensim/test_glove.txt", "glove-text", 76, 50, "into", "into 0.66749 -0.41321"},
      {"magnitude/glove.txt", "glove-text", 5, 2, "said", "said 0.38973 -0.2121"},
      {"gensim/high_precision.kv.txt", "word2vec-text", 2, 2, "horse.n.01", "horse.n.01 -0.00085462"},
      {"gensim/w2v_keyedvectors_load_test.modeldata", "word2vec-text", 2, 3, "", ""},
      {"magnitude/word2vec.bin", "word2vec-bin", 5, 2, "that", "that 0.88387 -0.14199"},
      {"magnitude/word2vec.txt", "word2vec-text", 5, 2, "said", "said 0.38973 -0.2121"},
      {"magnitude/fasttext.vec", "word2vec-text", 5, 2, "be", "be 0.6185 0.64254"},
      {"magnitude/large.txt", "word2vec-text", 1, 5000, "big", "big "},
      {"magnitude/zero.txt", "word2vec-text", 1, 2, "", ""},
  };
  const TemporaryFolder folder;
  for (const Sample& sample : list) {
    CAPTURE(sample.file);
    const auto outcome =
        windrow_command(folder, {"convert", samples() + "/" + sample.file, "t.safetensors", "--json"});
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    const auto json = nlohmann::json::parse(outcome.out);
    CHECK(json["from"] == sample.format);
    CHECK(json["rows_written"] == sample.rows);
    CHECK(json["dim"] == sample.dim);
    if (*sample.token) {
      const auto row = windrow_command(folder, {"lookup", "t.safetensors", "--token", sample.token});
      INFO(row.out);
      CHECK(row.out.rfind(sample.start, 0) == 0);
    }
  }
}

TEST_CASE("samples: fastText's models", "[tools]") {
  if (samples().empty()) return;
  struct Sample {
    const char* file;
    int words, rows, dim;
    int64_t buckets, bad_utf8;
    std::vector<std::pair<std::string, std::vector<float>>> vectors;  // what gensim or fastText have for them
    float error = 1e-5f;
  };
  const Sample list[] = {
      {"toy-model.bin", 22, 122, 5, 100, 0,
       {{"quick", {0.023393f, 0.11499f, 0.11684f, -0.13349f, 0.022543f}},
        {"the", {0.0688109f, 0.26619f, 0.0266225f, -0.258804f, -0.000444012f}}}},
      {"toy-model-pretrained.bin", 24, 124, 5, 100, 0,
       {{"monarchist", {0.76222f, 1.0669f, 0.7055f, -0.090969f, -0.53508f}}}, 1e-3f},
      {"crime-and-punishment.bin", 291, 391, 5, 100, 0,
       {{"steamtrain", {0.0319883f, 0.0229664f, 0.0594833f, 0.094547f, 0.062693f}},
        {"\u043f\u0430\u0440\u043e\u0432\u043e\u0437", {-0.0033987f, 0.0562356f, 0.0360727f, 0.0940076f, 0.000852224f}},
        {"landlady", {-0.0602048f, -0.00170379f, 0.00868763f, 0.131522f, 0.0510302f}},
        {"\u0445\u043e\u0437\u044f\u0439\u043a\u0430", {0.0166302f, -0.0133162f, 0.0288595f, 0.0835733f, 0.0432722f}},
        {"", {0, 0, 0, 0, 0}}}},
      {"lee_fasttext.bin", 1762, 2762, 10, 1000, 0,
       {{"hundred", {-0.571437f, -0.00855612f, 0.157478f, -0.678546f, -0.254585f, -0.580767f, -0.0991297f, 1.14467f,
                     0.234177f, 0.0600066f}}}},
      {"lee_fasttext_new.bin", 1763, 2763, 10, 1000, 0,
       {{"hundred", {-0.0256268f, -0.114478f, 0.181155f, -0.967788f, 0.253196f, -0.932243f, 0.392896f, 0.126785f,
                     -0.196852f, -0.131786f}},
        {"rejection", {-0.491119f, -0.131228f, -0.0210913f, -0.887699f, -0.201057f, -0.917326f, 0.472438f, 0.19709f,
                       -0.178566f, 0.198152f}}}},
      {"non_ascii_fasttext.bin", 171, 10171, 2, 10000, 0, {}},
      {"cp852_fasttext.bin", 171, 1171, 2, 1000, 69, {}},
      {"pang_lee_polarity_fasttext.bin", 1694, 1694, 100, 0, 5, {}},
  };
  const TemporaryFolder folder;
  for (const Sample& sample : list) {
    CAPTURE(sample.file);
    const auto outcome =
        windrow_command(folder, {"convert", samples() + "/gensim/" + sample.file, "t.safetensors", "--json"});
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    const auto json = nlohmann::json::parse(outcome.out);
    CHECK(json["from"] == "fasttext-bin");
    CHECK(json["bad_utf8"] == sample.bad_utf8);
    const auto table = windrow::Table::open(folder / "t.safetensors");
    REQUIRE(table);
    CHECK(table->rows() == sample.rows);
    CHECK(table->dim() == sample.dim);
    CHECK(table->vocabulary().size() == sample.words);
    CHECK((table->subwords() ? table->subwords()->buckets : 0) == sample.buckets);
    for (const auto& [word, expected] : sample.vectors) {
      const std::string_view name = word;
      std::vector<float> vector(expected.size(), -1);
      REQUIRE(windrow::word_vectors(*table, {&name, 1}, windrow::RowsOut(vector, vector.size())));
      for (size_t c = 0; c < vector.size(); ++c) {
        CAPTURE(word, c, vector[c], expected[c]);
        CHECK(std::abs(vector[c] - expected[c]) <= sample.error);
      }
    }
    const auto starts_with = [&](int64_t row, std::vector<float> values) {
      for (size_t c = 0; c < values.size(); ++c) {
        float value;
        std::memcpy(&value, table->row(row) + 4 * c, 4);
        CHECK(std::abs(value - values[c]) <= 1e-5f);
      }
    };
    const std::string_view file = sample.file;
    if (file == "toy-model-pretrained.bin") {
      CHECK(table->vocabulary().token(22).empty());
      CHECK(table->vocabulary().token(23) == "dummy");
    } else if (file == "non_ascii_fasttext.bin") {
      CHECK(table->vocabulary().token(1) == "kter\u00fd");
      starts_with(0, {-0.539542f, 0.584006f});
    } else if (file == "cp852_fasttext.bin") {
      CHECK(table->vocabulary().token(1) == "kter\xEC");
    } else if (file == "pang_lee_polarity_fasttext.bin") {
      CHECK(table->vocabulary().find("</s>") == 2);
      CHECK(!table->vocabulary().find("__label__pos"));
      starts_with(0, {-0.0073677f, 0.00853509f, -0.00679597f});
    }
  }
}

TEST_CASE("samples: fastText's words are those of its .vec", "[tools]") {
  if (samples().empty()) return;
  const TemporaryFolder folder;
  for (const std::string name : {"toy-model", "crime-and-punishment", "lee_fasttext"}) {
    CAPTURE(name);
    const std::string path = samples() + "/gensim/" + name;
    REQUIRE(windrow_command(folder, {"convert", path + ".bin", "words.safetensors", "--words-only"}).status == 0);
    REQUIRE(windrow_command(folder, {"convert", path + ".vec", "text.safetensors"}).status == 0);
    const auto words = windrow::Table::open(folder / "words.safetensors");
    const auto text = windrow::Table::open(folder / "text.safetensors");
    REQUIRE(words);
    REQUIRE(text);
    REQUIRE(words->rows() == text->rows());
    for (int64_t row = 0; row < words->rows(); ++row) {
      CHECK(words->vocabulary().token(row) == text->vocabulary().token(row));
      std::vector<float> a(static_cast<size_t>(words->dim())), b(a);
      std::memcpy(a.data(), words->row(row), 4 * a.size());
      std::memcpy(b.data(), text->row(row), 4 * b.size());
      bool same = true;
      for (size_t c = 0; c < a.size(); ++c) same = same && std::abs(a[c] - b[c]) <= 5e-5f * std::abs(b[c]) + 1e-9f;
      CAPTURE(row);
      // Before models had a magic number, fastText counted n-grams of `</s>` as well, which no later version does.
      CHECK(same == (name != "lee_fasttext" || words->vocabulary().token(row) != "</s>"));
    }
  }
}

TEST_CASE("samples: neighbours as gensim has them", "[tools]") {
  if (samples().empty()) return;
  const TemporaryFolder folder;
  REQUIRE(windrow_command(folder, {"convert", samples() + "/gensim/euclidean_vectors.bin", "t.safetensors"})
              .status == 0);
  const auto json = nlohmann::json::parse(
      windrow_command(folder, {"nearest", "t.safetensors", "war", "-k", "5", "--json"}).out);
  std::vector<std::string> tokens;
  for (const auto& entry : json) tokens.push_back(entry["token"]);
  CHECK(tokens == std::vector<std::string>{"conflict", "administration", "terrorism", "call", "israel"});
  CHECK(std::abs(json[0]["score"].get<double>() - 0.933054) < 1e-6);
}

TEST_CASE("samples: what cannot be read is refused", "[tools]") {
  if (samples().empty()) return;
  const TemporaryFolder folder;
  for (const char* file :
       {"gensim/pretrained.vec", "gensim/word2vec_pre_kv_sep_py3_4.neg_labels.npy", "numpy/py3-objarr.npy",
        "numpy/bad_version_magic_0.npy", "numpy/bad_version_magic_2.npy", "numpy/bad_version_magic_4.npy",
        "numpy/malformed_magic_0.npy", "numpy/malformed_magic_2.npy", "numpy/malformed_magic_4.npy",
        "numpy/malformed_magic_6.npy"}) {
    CAPTURE(file);
    const auto outcome = windrow_command(folder, {"convert", samples() + "/" + file, "t.safetensors"});
    CHECK(outcome.status == 1);
    CHECK(outcome.err.rfind("windrow: ", 0) == 0);
  }
  CHECK(folder.entries() == 0);
}
